"""GAN Compression supernets: image-to-image generators that run at many widths.

GAN Compression: Efficient Architectures for Interactive Conditional GANs (Li et al., CVPR 2020).
"""

from torch import nn

from search_service.domain.space import SearchSpace
from search_service.spaces.gan_compression import GanCompressionSpace
from workers.supernets.families import SUPERNETS
from workers.supernets.gan_compression.generators import GENERATORS


@SUPERNETS.register("gan-compression")
def build(space: SearchSpace) -> nn.Module:
    """The supernet of a GAN Compression space, with fresh random weights."""
    assert isinstance(space, GanCompressionSpace)
    return GENERATORS[space.parameters.generator](space)
