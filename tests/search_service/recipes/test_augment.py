import pytest

from search_service import recipes
from search_service.errors import InvalidInput
from search_service.recipes.augment import Augment


def test_a_policy_is_its_names_in_their_order() -> None:
    assert Augment(policy="cutout,color").steps == ("cutout", "color")
    assert Augment().steps == ()


@pytest.mark.parametrize(
    ("table", "pointer", "words"),
    [
        ({"policy": "color,rotation"}, "/augment/policy", "color, translation, cutout"),
        ({"policy": "color, cutout"}, "/augment/policy", "got ' cutout'"),
        ({"placement": "fakes"}, "/augment/placement", "none, reals, discriminator, all"),
    ],
)
@pytest.mark.parametrize(
    "base",
    [
        {"method": "gan", "images": 64},
        {"method": "pix2pix", "images": 1, "dataset": "fashion-mnist-edges"},
        {"method": "cyclegan", "images": 1, "dataset": "fashion-mnist-edges"},
        {"method": "anycost", "images": 64, "generator": {"resolution": 32}, "sampling": {}},
    ],
)
def test_every_method_takes_the_table_and_refuses_other_names(
    base: dict[str, object], table: dict[str, str], pointer: str, words: str
) -> None:
    recipes.parse({**base, "augment": {"policy": "translation"}})
    with pytest.raises(InvalidInput, match=words) as caught:
        recipes.parse({**base, "augment": table})
    assert caught.value.pointer == pointer


def test_resolutions_that_are_judged_together_are_not_augmented() -> None:
    base = {"images": 64, "generator": {"resolution": 32}, "sampling": {"resolutions": "all"}}
    recipes.parse(base)
    with pytest.raises(InvalidInput, match="one resolution at a time"):
        recipes.parse({**base, "augment": {"policy": "color"}})
