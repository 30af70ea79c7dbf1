"""The sides of a SPADE generator's images, and how often each block's have been doubled."""

from collections.abc import Mapping

from search_service.errors import InvalidInput
from search_service.spaces.gan_compression.parameters import GanCompressionParameters

# By name of upsampling: doublings before each block, in order.
DOUBLINGS: Mapping[str, tuple[int, ...]] = {
    "normal": (0, 1, 1, 2, 3, 4, 5),
    "more": (0, 1, 2, 3, 4, 5, 6),
}

Sides = tuple[int, int]  # height, width


def start_sides(parameters: GanCompressionParameters) -> Sides:
    """Of the map that the first block sees; the height is rounded to a whole number, as published.

    Raises InvalidInput for a width that does not halve to it, or a map of one pixel or none.
    """
    factor = 2 ** DOUBLINGS[parameters.upsampling][-1]
    size, ratio = parameters.image_size, parameters.aspect_ratio
    if size < factor or size % factor:
        raise InvalidInput(
            f"image_size must be a multiple of {factor} with upsampling {parameters.upsampling}, "
            f"got {size}",
            pointer="/parameters/image_size",
        )
    if not 1 / 16 <= ratio <= 16:
        raise InvalidInput(
            f"aspect_ratio must be from 1/16 to 16, got {ratio}",
            pointer="/parameters/aspect_ratio",
        )
    width = size // factor
    height = round(width / ratio)
    if height * width < 2:  # the norms of a single pixel would be zero
        raise InvalidInput(
            f"image_size {size} and aspect_ratio {ratio} leave a map of {height}x{width} to start "
            f"from; it must have at least two pixels",
            pointer="/parameters/image_size",
        )
    return height, width


def image_sides(parameters: GanCompressionParameters) -> Sides:
    """Of the segmentation map and the image. Raises InvalidInput as `start_sides` does."""
    height, width = start_sides(parameters)
    factor = 2 ** DOUBLINGS[parameters.upsampling][-1]
    return height * factor, width * factor
