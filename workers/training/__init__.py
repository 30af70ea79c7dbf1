"""How supernets are trained: recipes, losses, and a loop that reads like the papers."""
