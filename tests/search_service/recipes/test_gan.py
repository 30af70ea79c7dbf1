from pathlib import Path

import pytest

from search_service import recipes
from search_service.errors import InvalidInput
from search_service.recipes.gan import GanRecipe

FOLDER = Path(__file__).parents[3] / "infra" / "recipes"


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"pair": "biggan"}, "/pair", "dcgan, stylegan2"),
        ({"data_fraction": 0.0}, "/data_fraction", "above 0 and at most 1, got 0.0"),
        ({"data_fraction": 1.5}, "/data_fraction", "at most 1"),
        ({"resolution": 24}, "/resolution", "a power of two from 8, got 24"),
        ({"resolution": 4}, "/resolution", "from 8"),
        ({"batch": 10, "critic_steps": 4}, "/batch", "a multiple of 4, got 10"),
        ({"batch": 6, "pair": "stylegan2"}, "/batch", "a multiple of 4, got 6"),
        ({"images": 63}, "/images", "at least 64"),
        ({"adversarial": "wgan"}, "/adversarial", "wgangp"),
        ({"dataset": "fashion-mnist-edges"}, "/dataset", "fashion-mnist-32"),
        ({"r1": {"at": "fakes"}}, "/r1/at", "images, seen"),
        ({"dcgan": {"latent_dim": 0}}, "/dcgan/latent_dim", "at least 1"),
        ({"pair": "stylegan2", "stylegan2": {"channel_max": 0}}, "/stylegan2", "channel_max"),
    ],
)
def test_a_bad_value_is_refused_at_its_key(
    changes: dict[str, object], pointer: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        recipes.parse({"method": "gan", "images": 640, **changes})
    assert caught.value.pointer.startswith(pointer)


def test_the_recipes_of_the_experiment_differ_in_the_placement_alone() -> None:
    found = {}
    for placement in ("none", "reals", "discriminator", "all"):
        _, recipe = recipes.parse_file(FOLDER / f"diffaugment-{placement}.toml")
        assert isinstance(recipe, GanRecipe)
        assert recipe.augment.placement == placement
        table = recipes.read_toml(FOLDER / f"diffaugment-{placement}.toml")
        table["augment"]["placement"] = ""
        found[placement] = table
    assert all(table == found["all"] for table in found.values())
