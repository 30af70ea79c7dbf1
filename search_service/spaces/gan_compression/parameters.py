"""The size of a GAN Compression generator, and which of its widths are searched."""

from collections.abc import Sequence
from dataclasses import dataclass

from search_service.domain.parameters import bounded, one_of
from search_service.errors import InvalidInput

Options = tuple[int, ...]  # the base widths that one position may take, ascending


@dataclass(frozen=True, kw_only=True)
class GanCompressionParameters:
    """Widths are base widths: a layer multiplies its own by 1, 2, 4, … as the paper's nets do."""

    generator: str = one_of("resnet", "resnet", "resnet-legacy", "spade")
    base_channels: int  # the supernet's base width at every position
    blocks: int = bounded(9, minimum=1, maximum=64)  # residual blocks (resnet)
    image_size: int = 256  # side of the image; its width for `spade`
    input_channels: int = bounded(3, minimum=1, maximum=4096)
    output_channels: int = bounded(3, minimum=1, maximum=4096)
    aspect_ratio: float = 1.0  # width over height (spade)
    upsampling: str = one_of("normal", "normal", "more")  # how often `spade` doubles the side
    space: str = ""  # a published search space; empty: quarters of base_channels everywhere
    channels: tuple[Options, ...] = ()  # or own lists of base widths, one per position

    def __post_init__(self) -> None:
        if not 1 <= self.base_channels <= 4096:
            _refuse("base_channels", "must be from 1 to 4096", self.base_channels)
        if self.space and self.channels:
            _refuse("space", "must be empty where channels are given", self.space)
        # JSON and TOML give lists; tuples keep the value hashable and its order canonical.
        read = tuple(_options(i, given) for i, given in enumerate(self.channels))
        object.__setattr__(self, "channels", read)
        for i, options in enumerate(read):
            if options[-1] > self.base_channels:
                _refuse(
                    f"channels/{i}",
                    f"must not go above base_channels {self.base_channels}",
                    options[-1],
                )


def _options(place: int, given: object) -> Options:
    widths = [w for w in given if type(w) is int and w > 0] if isinstance(given, Sequence) else []
    if not widths or len(widths) != len(given):  # type: ignore[arg-type]  # a sequence, then
        _refuse(f"channels/{place}", "must be a list of whole numbers from 1", given)
    return tuple(sorted(set(widths)))


def _refuse(name: str, wanted: str, got: object) -> None:
    raise InvalidInput(f"{name} {wanted}, got {got!r}", pointer=f"/parameters/{name}")
