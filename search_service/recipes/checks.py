"""What a recipe's dataclass refuses, said in one manner."""

from collections.abc import Collection

from search_service.domain.space import SearchSpace
from search_service.errors import InvalidInput


def at_least(key: str, value: float, least: float) -> None:
    """Raises InvalidInput, pointing at `key`, for a value below `least`."""
    if not value >= least:
        name = key.replace("/", ".")
        raise InvalidInput(f"{name} must be at least {least}, got {value}", pointer=f"/{key}")


def one_of(key: str, value: str, known: Collection[str]) -> None:
    """Raises InvalidInput, pointing at `key`, unless the value is a known one."""
    if value not in known:
        name = key.replace("/", ".")
        raise InvalidInput(
            f"{name} must be one of {', '.join(known)}; got {value!r}", pointer=f"/{key}"
        )


def require_a_term(terms: Collection[float | bool]) -> None:
    """Of the terms of a loss: their weights, or whether there is one. Raises InvalidInput, pointing
    at `weights`, when none has a weight above 0."""
    if not any(terms):
        raise InvalidInput(
            "no term of the loss has a weight above 0: nothing would be learnt", pointer="/weights"
        )


def require_architecture(text: str, space: SearchSpace) -> None:
    """Raises InvalidInput, pointing at `architecture`, for one that the space does not hold."""
    try:
        space.parse(text)
    except InvalidInput as error:
        error.pointer = "/architecture"
        raise
