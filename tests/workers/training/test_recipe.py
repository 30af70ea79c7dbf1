from pathlib import Path

import pytest

from search_service.errors import InvalidFile, InvalidInput, UnknownName
from workers.training.anycost_recipe import Adam, AnycostRecipe
from workers.training.methods import METHODS, load

RECIPES = Path(__file__).parents[3] / "infra" / "recipes"
SHIPPED = sorted(set(RECIPES.glob("*.toml")) - {RECIPES / "fashion-classifier.toml"})
SMALLEST = "images = 640\n[generator]\nresolution = 32\n[sampling]\nsides = { '32' = 1.0 }\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_valid(path: Path) -> None:
    assert load(path)[1].steps > 0


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return path


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    method, loaded = load(written(tmp_path, SMALLEST))
    assert method is METHODS["anycost"]
    assert isinstance(loaded, AnycostRecipe)
    assert loaded.adam == Adam()
    assert loaded.steps == 640 // loaded.batch


def test_the_method_may_be_said(tmp_path: Path) -> None:
    said = load(written(tmp_path, 'method = "anycost"\n' + SMALLEST))
    assert said == load(written(tmp_path, SMALLEST))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("image = 5\n" + SMALLEST, UnknownName, "unknown recipe key 'image'; known: images, "),
        (SMALLEST + "[adam]\nbeta3 = 0.1\n", UnknownName, "unknown recipe key 'adam.beta3'"),
        (SMALLEST + "[adam]\nbeta1 = 'x'\n", InvalidInput, "'adam.beta1' must be float, got 'x'"),
        ("adam = 3\n" + SMALLEST, InvalidInput, "recipe key 'adam' must be a table, got 3"),
        ("batch = true\n" + SMALLEST, InvalidInput, "'batch' must be int, got True"),
        ("batch = 6\n" + SMALLEST, InvalidInput, "batch must be 1 to 4 or a multiple of 4, got 6"),
        ("precision = 'int8'\n" + SMALLEST, InvalidInput, "float32 or bfloat16, got 'int8'"),
        ("images = 3\n[generator]\nresolution = 32\n", InvalidInput, "'sampling' is missing"),
        (
            "method = 'gan'\n" + SMALLEST,
            UnknownName,
            "unknown training method 'gan'; known: anycost",
        ),
        ("method = 3\n" + SMALLEST, InvalidInput, "recipe key 'method' must be str, got 3"),
        ("images = \n", InvalidFile, "is not TOML"),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, text: str, error: type[InvalidInput], message: str
) -> None:
    with pytest.raises(error) as caught:
        load(written(tmp_path, text))
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"cannot read the recipe .*none\.toml"):
        load(tmp_path / "none.toml")
