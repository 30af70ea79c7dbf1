"""Where the truth is kept: one contract, an in-memory reference, and SQL."""
