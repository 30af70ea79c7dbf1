"""Seeds: the one number that all randomness of a search or a measurement follows from."""

from search_service.errors import InvalidInput


def require_seed(seed: int, *, pointer: str = "/seed") -> int:
    """The seed itself; raises InvalidInput for what no generator takes."""
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InvalidInput(f"seed must be an integer of at least 0, got {seed!r}", pointer=pointer)
    if seed < 0:
        raise InvalidInput(f"seed must be at least 0, got {seed}", pointer=pointer)
    return seed
