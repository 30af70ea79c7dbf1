"""A search from its claim to its front: propose, measure, record, re-measure.

The sequence of architectures depends on the spec alone. Candidate `n` is proposed from the
outcomes of candidates `0 … n - window - 1`, and judged against the same ones, whatever else has
finished by then; so no number of actors, finishing order or restart can change it.
"""

from search_service.search.loop import Search

__all__ = ["Search"]
