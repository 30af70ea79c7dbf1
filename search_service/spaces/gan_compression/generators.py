"""The table of generators: which kinds there are, by the name that parameters use."""

from collections.abc import Mapping

from search_service.spaces.gan_compression.generator import Generator
from search_service.spaces.gan_compression.resnet import ResnetKind
from search_service.spaces.gan_compression.spade import SpadeKind

GENERATORS: Mapping[str, Generator] = {
    "resnet": ResnetKind(),
    "resnet-legacy": ResnetKind(legacy=True),
    "spade": SpadeKind(),
}
