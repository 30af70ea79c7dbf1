"""How networks are trained: recipes, methods by name, losses, and one loop for all of them."""

from workers.training import anycost as anycost
from workers.training import compression_methods as compression_methods
from workers.training import cyclegan as cyclegan
from workers.training import gan as gan
from workers.training import pix2pix as pix2pix
from workers.training import spade_methods as spade_methods
