"""Figures: a Pareto front with the images that its subnets make."""

from search_service.figures.front import draw_front
from search_service.figures.images import first_images

__all__ = ["draw_front", "first_images"]
