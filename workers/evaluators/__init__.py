"""Objectives: what is measured of one architecture, and how."""
