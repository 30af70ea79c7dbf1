"""Training recipes by the name of their method, checked without any network being built."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_service.errors import InvalidInput, UnknownName
from search_service.recipes import spade
from search_service.recipes.anycost import AnycostRecipe
from search_service.recipes.compression import CompressRecipe, FinetuneRecipe, ScratchRecipe
from search_service.recipes.cyclegan import CycleganRecipe
from search_service.recipes.gan import GanRecipe
from search_service.recipes.pix2pix import Pix2pixRecipe
from search_service.recipes.reading import (
    named_files,
    read,
    read_toml,
    with_digests,
    with_whole_paths,
)
from search_service.recipes.records import Recipe, Records
from search_service.recipes.spade import (
    SpadeCompressRecipe,
    SpadeFinetuneRecipe,
    SpadeRecipe,
    SpadeScratchRecipe,
)

RECIPES: Mapping[str, type[Recipe]] = {
    "anycost": AnycostRecipe,
    "compress": CompressRecipe,
    "cyclegan": CycleganRecipe,
    "finetune": FinetuneRecipe,
    "gan": GanRecipe,
    "pix2pix": Pix2pixRecipe,
    "scratch": ScratchRecipe,
    "spade": SpadeRecipe,
}
# Of the methods that teach a supernet or its subnets: for other kinds of generators than residual
# ones, by what the table `supernet` says.
OTHER_GENERATORS: Mapping[tuple[str, str], type[Recipe]] = {
    ("compress", spade.GENERATOR): SpadeCompressRecipe,
    ("finetune", spade.GENERATOR): SpadeFinetuneRecipe,
    ("scratch", spade.GENERATOR): SpadeScratchRecipe,
}
# Of the methods that train a supernet: the network that is one.
SUPERNETS: Mapping[str, str] = {"anycost": "average", "compress": "supernet"}
UNSAID = "anycost"  # the method of a recipe that names none


def parse(table: Mapping[str, Any]) -> tuple[str, Recipe]:
    """The method's name and the recipe. Raises UnknownName or InvalidInput at the bad key."""
    name = table.get("method", UNSAID)
    if not isinstance(name, str):
        raise InvalidInput(f"recipe key 'method' must be str, got {name!r}", pointer="/method")
    if name not in RECIPES:
        known = ", ".join(sorted(RECIPES))
        raise UnknownName(f"unknown training method {name!r}; known: {known}", pointer="/method")
    supernet = table.get("supernet", {})
    generator = supernet.get("generator", "") if isinstance(supernet, Mapping) else ""
    known_as = (name, generator if isinstance(generator, str) else "")
    kind = OTHER_GENERATORS.get(known_as, RECIPES[name])
    return name, read(kind, {key: table[key] for key in table if key != "method"})


def parse_file(path: Path) -> tuple[str, Recipe]:
    """Of a TOML file; raises InvalidFile when it cannot be read, and as `parse`."""
    return parse(read_toml(path))


__all__ = [
    "RECIPES",
    "SUPERNETS",
    "Recipe",
    "Records",
    "named_files",
    "parse",
    "parse_file",
    "read_toml",
    "with_digests",
    "with_whole_paths",
]
