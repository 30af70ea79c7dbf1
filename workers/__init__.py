"""Networks, measuring and training: everything that needs torch, and the pool that needs Ray."""
