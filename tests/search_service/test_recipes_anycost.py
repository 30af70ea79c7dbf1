"""What an Anycost recipe says of its stage, and what it refuses."""

import pytest

from search_service.errors import InvalidInput
from search_service.recipes import parse
from search_service.recipes.anycost import AnycostRecipe


def table(**sampling: object) -> dict[str, object]:
    return {"images": 640, "generator": {"resolution": 32}, "sampling": sampling}


@pytest.mark.parametrize(
    ("sampling", "seen"),
    [
        ({}, {8: 1.0, 16: 1.0, 32: 1.0}),
        ({"sides": {"32": 3.0, "8": 1.0, "16": 0.0}}, {8: 1.0, 32: 3.0}),
        ({"resolutions": "highest"}, {32: 1.0}),
        ({"resolutions": "all"}, {8: 1.0, 16: 1.0, 32: 1.0}),
    ],
)
def test_the_sides_that_the_discriminator_sees(
    sampling: dict[str, object], seen: dict[int, float]
) -> None:
    _, recipe = parse(table(**sampling))
    assert isinstance(recipe, AnycostRecipe)
    assert recipe.sides == seen
    assert list(recipe.sides) == sorted(seen)


@pytest.mark.parametrize(
    ("changes", "message", "pointer"),
    [
        (table(resolutions="low"), "highest, sampled, all; got 'low'", "/sampling/resolutions"),
        (table(channels="wide"), "full, uniform, flexible, sandwich", "/sampling/channels"),
        (table(levels=0), "levels must be at least 1", "/sampling/levels"),
        (table(levels=4), "cannot sample 4 of 3 sides", "/sampling/levels"),
        (table(levels=2, sides={"32": 1.0, "8": 0.0}), "sample 2 of 1", "/sampling/levels"),
        (table(full=0.75, smallest=0.5), "at most 1 together, got 1.25", "/sampling/full"),
        (table(sides={"32": 0.0}), "no side has a weight above 0", "/sampling/sides"),
        (table() | {"path_length": {"weight": 2.0}}, "'highest'", "/path_length/weight"),
        (table() | {"path_length": {"every": 0}}, "at least 1", "/path_length/every"),
        (table() | {"distillation": {"weight": -1.0}}, "at least 0", "/distillation/weight"),
        (table() | {"distillation": {"shrink": "x"}}, "area, bilinear", "/distillation/shrink"),
    ],
)
def test_a_mistake_is_pointed_at(changes: dict[str, object], message: str, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(changes)
    assert message in str(caught.value)
    assert caught.value.pointer == pointer


def test_path_length_is_regularised_at_the_highest_resolution() -> None:
    _, recipe = parse(table(resolutions="highest") | {"path_length": {"weight": 2.0}})
    assert isinstance(recipe, AnycostRecipe)
    assert recipe.path_length.every == 8
