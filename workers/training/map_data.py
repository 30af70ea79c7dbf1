"""Batches for generators that paint label maps."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from search_service.errors import InvalidInput
from search_service.recipes.spade import PaintingRecipe
from search_service.spaces.gan_compression import GanCompressionParameters
from search_service.spaces.gan_compression.spade_geometry import image_sides
from workers.evaluators.calibrated import MapBatches, calibration_maps
from workers.evaluators.map_inputs import MapInputs
from workers.images import MAPS, Maps, from_uint8
from workers.images.one_hot import check_labels, one_hot
from workers.training.draws import Draws
from workers.training.translation_data import SHOWN


@dataclass(frozen=True, kw_only=True, eq=False)
class MapData:
    """What is trained on, and what grids show: maps held out from it. `channels`: of a map as a
    generator takes it."""

    train: Maps
    shown: Maps
    channels: int

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of every map and photograph."""
        height, width = self.train.maps.shape[2:]
        return height, width

    def parameters(
        self, base_channels: int, upsampling: str, space: str = ""
    ) -> GanCompressionParameters:
        """Of a SPADE generator of these images. Raises InvalidInput for sides that none has."""
        height, width = self.sides
        parameters = GanCompressionParameters(
            generator="spade",
            base_channels=base_channels,
            image_size=width,
            aspect_ratio=width / height,
            input_channels=self.channels,
            output_channels=self.train.photographs.shape[1],
            upsampling=upsampling,
            space=space,
        )
        if image_sides(parameters) != self.sides:
            made = "x".join(map(str, reversed(image_sides(parameters))))
            raise InvalidInput(
                f"with upsampling {upsampling} a generator of images {width} wide makes {made}, "
                f"but the maps are {width}x{height}",
                pointer="/upsampling",
            )
        return parameters

    def calibration(self) -> MapBatches:
        """The batches that running statistics are measured on, wherever such a generator is
        judged."""
        inputs = MapInputs(self.train.maps, name="train", digest=self.train.digest)
        return MapBatches(calibration_maps(inputs), self.channels)


def open_maps(recipe: PaintingRecipe, folder: Path | None) -> MapData:
    """The data set of a recipe.

    Raises as its reader does, and InvalidInput for labels that `map_channels` has no place for.
    """
    reader = MAPS[recipe.dataset]
    data = MapData(
        train=reader(folder, "train"), shown=reader(folder, "search"), channels=recipe.map_channels
    )
    for name, part in (("train", data.train), ("search", data.shown)):
        planes = part.maps.shape[1]
        if recipe.map_channels < planes:
            raise InvalidInput(
                f"map_channels must be at least {planes}: a class, and the instances' edges",
                pointer="/map_channels",
            )
        labels = torch.from_numpy(part.maps[:, 0])
        try:
            check_labels(labels, recipe.map_channels, planes, source=f"{recipe.dataset}.{name}")
        except InvalidInput as error:
            error.pointer = "/map_channels"
            raise
    return data


def draw_maps(
    data: MapData, draws: Draws, count: int, *, flip: bool, held_out: bool = False
) -> tuple[Tensor, Tensor]:
    """Maps (count, channels, h, w) of zeros and ones, and their photographs in [-1, 1], float32;
    where processes share a batch, this one's part of it."""
    of = data.shown if held_out else data.train
    places = draws.indices(count, len(of.maps)).numpy()
    maps = one_hot(torch.from_numpy(of.maps[places]), data.channels)
    photographs = from_uint8(torch.from_numpy(of.photographs[places]))
    if flip:
        mirrored = draws.coins(count)[:, None, None, None]
        maps = torch.where(mirrored, maps.flip(3), maps)
        photographs = torch.where(mirrored, photographs.flip(3), photographs)
    return maps, photographs


def shown_maps(data: MapData) -> tuple[Tensor, Tensor]:
    """The first held-out maps and photographs, as `draw_maps` gives them."""
    maps = one_hot(torch.from_numpy(data.shown.maps[:SHOWN]), data.channels)
    return maps, from_uint8(torch.from_numpy(data.shown.photographs[:SHOWN]))


def as_picture(maps: Tensor) -> Tensor:
    """Maps (n, c, h, w) of zeros and ones as grey images (n, 1, h, w) in [-1, 1]: a class is a
    level, an edge is white."""
    levels = maps.argmax(1, keepdim=True).float() / max(1, maps.shape[1] - 1)
    return torch.maximum(levels, maps[:, -1:]) * 2 - 1
