"""Generators that are trained as they are, and hold no smaller ones."""
