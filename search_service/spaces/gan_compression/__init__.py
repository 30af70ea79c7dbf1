"""GAN Compression: image-to-image generators with a width per layer group.

GAN Compression: Efficient Architectures for Interactive Conditional GANs (Li et al., CVPR 2020).
"""

from search_service.spaces.families import SPACES, DataclassFamily
from search_service.spaces.gan_compression.parameters import GanCompressionParameters
from search_service.spaces.gan_compression.space import GanCompressionSpace

__all__ = ["GanCompressionParameters", "GanCompressionSpace"]

SPACES.register("gan-compression")(
    DataclassFamily(space=GanCompressionSpace, parameters=GanCompressionParameters)
)
