"""Proposers of architectures."""
