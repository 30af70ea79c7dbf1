"""Building blocks of the networks; a width is an argument of `forward`, never state."""
