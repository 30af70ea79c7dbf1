"""The only place that knows Optuna, which is imported when a sampler is checked or built."""

from search_service.searchers.optuna import searcher as searcher
