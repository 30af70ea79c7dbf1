"""Measuring: from a request to a measurement."""

from workers.evaluation.evaluator import ArchitectureEvaluator
from workers.evaluation.judging import SPLITS, Judging
from workers.evaluation.supernet import as_judged, load_supernet

__all__ = ["SPLITS", "ArchitectureEvaluator", "Judging", "as_judged", "load_supernet"]
