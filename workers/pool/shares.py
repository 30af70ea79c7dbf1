"""Room dealt out to those who want some of it."""

from collections.abc import Mapping


def shares(wanted: Mapping[str, int], room: int) -> dict[str, int]:
    """Room dealt out one by one to those who still want: none gets more than it wants, nothing is
    left that someone wants, and of two that want more, one has at most one more than the other
    (max-min fairness). The remainder goes to the first of them, as they stand in the mapping.
    """
    given = dict.fromkeys(wanted, 0)
    left = room
    while left > 0 and (hungry := [w for w in wanted if given[w] < wanted[w]]):
        each = max(1, min(left // len(hungry), min(wanted[w] - given[w] for w in hungry)))
        for worker in hungry[:left]:
            given[worker] += each
            left -= each
    return given
