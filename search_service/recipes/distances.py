"""How far two tensors are apart, by name."""

DISTANCES = ("l1", "l2", "smooth-l1")
