"""The table of generators: how each kind of supernet is built."""

from collections.abc import Callable, Mapping

from torch import nn

from search_service.spaces.gan_compression import GanCompressionSpace
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.spade import SpadeSupernet

GENERATORS: Mapping[str, Callable[[GanCompressionSpace], nn.Module]] = {
    "resnet": ResnetSupernet,
    "resnet-legacy": ResnetSupernet,
    "spade": SpadeSupernet,
}
