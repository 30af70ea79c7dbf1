"""The adversarial losses that a recipe may name; `workers.training.objectives` has each."""

ADVERSARIAL = ("hinge", "lsgan", "minimax", "non-saturating", "vanilla", "wgangp")
