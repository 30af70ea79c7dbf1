import pytest
import torch
from torch import nn

from workers.training.parts import Part, load_state_of, state_of


def test_every_part_gets_its_own_state_back() -> None:
    parts: dict[str, Part] = {"a": nn.Linear(2, 1), "b": nn.Linear(2, 1)}
    others: dict[str, Part] = {"b": nn.Linear(2, 1), "a": nn.Linear(2, 1)}
    load_state_of(others, state_of(parts))
    for name, part in parts.items():
        mine, theirs = part.state_dict(), others[name].state_dict()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_a_missing_part_is_noticed() -> None:
    with pytest.raises(KeyError, match="b"):
        load_state_of({"b": nn.Linear(2, 1)}, state_of({"a": nn.Linear(2, 1)}))
