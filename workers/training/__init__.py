"""How networks are trained: recipes, methods by name, losses, and one loop for all of them."""

from workers.training import anycost as anycost
