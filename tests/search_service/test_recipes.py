import hashlib
from pathlib import Path
from typing import Any

import pytest

from search_service.errors import InvalidFile, InvalidInput, UnknownName
from search_service.recipes import named_files, parse, parse_file, with_digests
from search_service.recipes.anycost import Adam, AnycostRecipe
from search_service.recipes.compression import CompressRecipe
from search_service.recipes.spade import (
    SpadeCompressRecipe,
    SpadeFinetuneRecipe,
    SpadeRecipe,
    SpadeScratchRecipe,
)

RECIPES = Path(__file__).parents[2] / "infra" / "recipes"
SHIPPED = sorted(set(RECIPES.glob("*.toml")) - {RECIPES / "fashion-classifier.toml"})
SMALLEST = "images = 640\n[generator]\nresolution = 32\n[sampling]\nsides = { '32' = 1.0 }\n"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recipe_is_valid(path: Path) -> None:
    assert parse_file(path)[1].steps > 0


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return path


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    method, loaded = parse_file(written(tmp_path, SMALLEST))
    assert method == "anycost"
    assert isinstance(loaded, AnycostRecipe)
    assert loaded.adam == Adam()
    assert loaded.steps == 640 // loaded.batch


def test_the_method_may_be_said(tmp_path: Path) -> None:
    said = parse_file(written(tmp_path, 'method = "anycost"\n' + SMALLEST))
    assert said == parse_file(written(tmp_path, SMALLEST))


@pytest.mark.parametrize(
    ("text", "error", "message", "pointer"),
    [
        ("image = 5\n" + SMALLEST, UnknownName, "unknown recipe key 'image'; known: ", "/image"),
        (SMALLEST + "[adam]\nbeta3 = 1.0\n", UnknownName, "'adam.beta3'", "/adam/beta3"),
        (SMALLEST + "[adam]\nbeta1 = 'x'\n", InvalidInput, "must be float, got 'x'", "/adam/beta1"),
        (SMALLEST + "[adam]\nbeta1 = nan\n", InvalidInput, "be a finite number", "/adam/beta1"),
        ("adam = 3\n" + SMALLEST, InvalidInput, "'adam' must be a table, got 3", "/adam"),
        ("batch = true\n" + SMALLEST, InvalidInput, "'batch' must be int, got True", "/batch"),
        ("batch = 6\n" + SMALLEST, InvalidInput, "1 to 4 or a multiple of 4, got 6", "/batch"),
        ("seed = -1\n" + SMALLEST, InvalidInput, "seed must be at least 0, got -1", "/seed"),
        ("precision = 'int8'\n" + SMALLEST, InvalidInput, "bfloat16; got 'int8'", "/precision"),
        ("images = 3\n[generator]\nresolution = 32\n", InvalidInput, "'sampling' is missing", ""),
        (SMALLEST + "[records]\nlog_every = 0\n", InvalidInput, "at least 1", "/records/log_every"),
        (
            SMALLEST.replace("resolution = 32", "resolution = 33"),
            InvalidInput,
            "a power of two",
            "/generator/resolution",
        ),
        (
            SMALLEST.replace("'32' = 1.0", "'64' = 1.0"),
            InvalidInput,
            "must be one of 8, 16, 32; got '64'",
            "/sampling/sides/64",
        ),
        (
            "method = 'magic'\n" + SMALLEST,
            UnknownName,
            "unknown training method 'magic'; known: anycost",
            "/method",
        ),
        ("method = 3\n" + SMALLEST, InvalidInput, "'method' must be str, got 3", "/method"),
        ("images = \n", InvalidFile, "is not TOML", ""),
    ],
)
def test_a_mistake_is_named(
    tmp_path: Path, text: str, error: type[InvalidInput], message: str, pointer: str
) -> None:
    with pytest.raises(error) as caught:
        parse_file(written(tmp_path, text))
    assert message in str(caught.value)
    assert caught.value.pointer == pointer


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"cannot read the recipe .*none\.toml"):
        parse_file(tmp_path / "none.toml")


COMPRESS: dict[str, Any] = {"method": "compress", "dataset": "fashion-mnist-edges", "images": 8}
TEACHER = {"teacher": {"weights": "teacher.safetensors"}}


def test_a_student_without_a_teacher_is_refused() -> None:
    with pytest.raises(InvalidInput, match="this recipe learns from a teacher") as caught:
        parse(COMPRESS)
    assert caught.value.pointer == "/teacher/weights"


NO_WEIGHTS = {"adversarial": 0.0, "reconstruction": 0.0, "distillation": 0.0}


def test_one_term_is_enough() -> None:
    parse(COMPRESS | {"weights": NO_WEIGHTS, "perceptual": {"network": "a"}})


@pytest.mark.parametrize(
    ("table", "pointer"),
    [
        ({"method": "pix2pix", "reconstruction": -1.0}, "/reconstruction"),
        ({"method": "cyclegan", "cycle": -1.0}, "/cycle"),
        ({"method": "cyclegan", "identity": -1.0}, "/identity"),
    ],
)
def test_no_term_of_a_teacher_has_a_negative_weight(table: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse({"dataset": COMPRESS["dataset"], "images": 8} | table)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    ("table", "pointer"),
    [
        ({"supernet": {"space": "channels-7"}}, "/supernet/space"),
        ({"method": "scratch", "architecture": "8_8"}, "/architecture"),
        ({"weights": {"adversarial": -1}}, "/weights/adversarial"),
        ({"sandwich": True}, "/subnets"),
        ({"supernet": {"generator": "unet"}}, "/supernet/generator"),
        ({"layers": ["a", 3]}, "/layers"),
        ({"dataset": "mnist"}, "/dataset"),
        ({"perceptual": {"levels": [1, "x"]}}, "/perceptual/levels"),
        ({"perceptual": {"levels": 1.0}}, "/perceptual/levels"),
        ({"perceptual": {"levels": [0.0, 0]}}, "/perceptual/levels"),
        ({"perceptual": {"levels": [-1.0, 2.0]}}, "/perceptual/levels"),
        ({"perceptual": {"weight": -1.0}}, "/perceptual/weight"),
        ({"perceptual": {"distance": "l3"}}, "/perceptual/distance"),
        ({"perceptual": {"digest": "00"}}, "/perceptual/digest"),
        ({"weights": NO_WEIGHTS}, "/weights"),
        ({"weights": NO_WEIGHTS, "perceptual": {"network": "a", "weight": 0.0}}, "/weights"),
        ({"critic": {"base_channels": 0}}, "/critic/base_channels"),
        ({"critic": {"layers": 0}}, "/critic/layers"),
        ({"adam": {"learning_rate": -0.1}}, "/adam/learning_rate"),
        ({"adam": {"beta2": 1.0}}, "/adam/beta2"),
    ],
)
def test_a_bad_value_of_a_student_is_pointed_at(table: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(COMPRESS | TEACHER | table)
    assert caught.value.pointer == pointer


def test_the_files_that_a_recipe_names_are_known_by_their_keys() -> None:
    _, recipe = parse(COMPRESS | TEACHER | {"initial": "first.safetensors"})
    assert dict(named_files(recipe)) == {
        "/teacher/weights": "teacher.safetensors",
        "/initial": "first.safetensors",
    }


def test_a_pinned_file_gets_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "network.pt"
    path.write_bytes(b"sees")
    digest = hashlib.sha256(b"sees").hexdigest()
    table = COMPRESS | TEACHER | {"perceptual": {"network": str(path), "levels": [1]}}
    _, recipe = parse(table)
    pinned = with_digests(table, recipe)
    assert pinned["perceptual"] == {"network": str(path), "levels": [1], "digest": digest}
    assert "digest" not in table["perceptual"]
    assert with_digests(pinned, parse(pinned)[1]) == pinned
    path.write_bytes(b"sees more")
    with pytest.raises(InvalidFile, match="the recipe says") as caught:
        with_digests(pinned, parse(pinned)[1])
    assert caught.value.pointer == "/perceptual/network"
    path.unlink()
    with pytest.raises(InvalidFile, match="cannot read") as caught:
        with_digests(pinned, parse(pinned)[1])
    assert caught.value.pointer == "/perceptual/network"


MAPS: dict[str, Any] = {"dataset": "folder-of-maps", "images": 8, "map_channels": 5}
SPADE_STUDENT = MAPS | {"supernet": {"generator": "spade", "base_channels": 8}} | TEACHER


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ({"method": "spade"} | MAPS, SpadeRecipe),
        ({"method": "compress"} | SPADE_STUDENT, SpadeCompressRecipe),
        (
            {"method": "scratch", "architecture": "8_8_8_8_8_8_8_2"} | SPADE_STUDENT,
            SpadeScratchRecipe,
        ),
        (
            {"method": "finetune", "architecture": "8_8_8_8_8_8_8_2", "initial": "a"}
            | SPADE_STUDENT,
            SpadeFinetuneRecipe,
        ),
        (COMPRESS | TEACHER | {"supernet": {"generator": "resnet"}}, CompressRecipe),
    ],
)
def test_the_kind_of_generator_decides_what_a_recipe_says(
    table: dict[str, Any], kind: type[object]
) -> None:
    assert type(parse(table)[1]) is kind


@pytest.mark.parametrize(
    ("table", "pointer"),
    [
        ({"map_channels": 0}, "/map_channels"),
        ({"dataset": "folder-of-pairs"}, "/dataset"),
        ({"upsampling": "most"}, "/upsampling"),
        ({"supernet": {"generator": "spade", "blocks": 9}}, "/supernet/blocks"),
        ({"supernet": {"generator": "spade", "space": "channels-32"}}, "/supernet/space"),
        ({"teacher": {"weights": ""}}, "/teacher/weights"),
        ({"teacher": {"weights": "a", "kind": "thin"}}, "/teacher/kind"),
        ({"weights": {"feature_matching": -1.0}}, "/weights/feature_matching"),
        ({"weights": {"distillation": -1.0}}, "/weights/distillation"),
        ({"critic": {"scales": 0}}, "/critic/scales"),
        ({"sandwich": True}, "/subnets"),
        ({"adam": {"two_rates": 1}}, "/adam/two_rates"),
        ({"layers": []}, "/layers"),
        (
            {"weights": {"adversarial": 0.0, "feature_matching": 0.0, "distillation": 0.0}},
            "/weights",
        ),
    ],
)
def test_a_bad_value_of_a_spade_student_is_pointed_at(table: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse({"method": "compress"} | SPADE_STUDENT | table)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("base", [COMPRESS | TEACHER, {"method": "compress"} | SPADE_STUDENT])
@pytest.mark.parametrize(
    ("teacher", "more", "pointer"),
    [
        ({}, {"weights": {"distillation": 0.0}}, "/teacher/weights"),
        ({"weights": "a", "kind": "dense"}, {}, "/teacher/kind"),
        ({"weights": "a", "kind": "mobile", "base_channels": 4}, {}, "/teacher/base_channels"),
        ({"weights": "a", "kind": "mobile"}, {"initial": "b"}, "/initial"),
    ],
)
def test_a_student_that_cannot_begin_as_its_teacher_is_refused(
    base: dict[str, Any], teacher: dict[str, Any], more: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(base | {"teacher": teacher, "pruned_from_teacher": True} | more)
    assert caught.value.pointer == pointer


def test_nor_is_one_of_other_blocks() -> None:
    teacher = {"weights": "a", "kind": "mobile", "blocks": 6}
    with pytest.raises(InvalidInput) as caught:
        parse(COMPRESS | {"teacher": teacher, "pruned_from_teacher": True})
    assert caught.value.pointer == "/teacher/blocks"
