"""What the architectures of a supernet are judged on, and what is known of the right answers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from search_service.domain.space import SearchSpace
from search_service.errors import InvalidInput
from search_service.spaces.anycost import AnycostSpace
from search_service.spaces.gan_compression import GanCompressionParameters, GanCompressionSpace
from search_service.spaces.gan_compression.spade_geometry import image_sides
from workers.evaluators.inputs import ImageInputs, Inputs, latent_inputs
from workers.evaluators.map_inputs import MapInputs
from workers.images import DOMAINS, MAPS
from workers.images.one_hot import check_labels


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditions:
    """Row i of `targets` and of `labels`, where there are any, belongs to input i."""

    inputs: Inputs
    targets: NDArray[np.uint8] | None = None  # (n, c, h, w)
    labels: NDArray[np.uint8] | None = None  # (n, h, w), where the inputs are label maps


def open_conditions(space: SearchSpace, dataset: str, split: str, data: Path | None) -> Conditions:
    """Latents for a supernet that takes them, else the images or label maps of the split.

    Raises UnknownName for the data set, InvalidFile when it cannot be read, InvalidInput when its
    images are not what the supernet takes.
    """
    if isinstance(space, AnycostSpace):
        return Conditions(inputs=latent_inputs(space.parameters, dataset, data))
    assert isinstance(space, GanCompressionSpace)
    if space.parameters.generator == "spade":
        return _maps(space.parameters, dataset, split, data)
    size = space.parameters
    images = DOMAINS[dataset](data, split)
    wanted = (size.input_channels, size.image_size, size.image_size)
    found = images.inputs.shape[1:]
    if wanted != found:
        raise InvalidInput(
            f"the supernet takes images of (channels, height, width) {wanted}, "
            f"the inputs of {dataset} are {found}"
        )
    return Conditions(
        inputs=ImageInputs(images.inputs, name=f"{dataset}.{split}", digest=images.digest),
        targets=images.targets if images.paired else None,
    )


def open_maps(
    parameters: GanCompressionParameters, dataset: str, split: str, data: Path | None
) -> MapInputs:
    """The label maps of a split; raises as `open_conditions` does."""
    inputs = _maps(parameters, dataset, split, data).inputs
    assert isinstance(inputs, MapInputs)
    return inputs


def _maps(
    parameters: GanCompressionParameters, dataset: str, split: str, data: Path | None
) -> Conditions:
    described = MAPS[dataset](data, split)
    wanted, found = image_sides(parameters), described.maps.shape[2:]
    if wanted != found:
        raise InvalidInput(
            f"the supernet takes maps of (height, width) {wanted}, those of {dataset} are {found}"
        )
    name, planes = f"{dataset}.{split}", described.maps.shape[1]
    labels = described.maps[:, 0]
    check_labels(torch.from_numpy(labels), parameters.input_channels, planes, source=name)
    return Conditions(
        inputs=MapInputs(described.maps, name=name, digest=described.digest),
        targets=described.photographs,
        labels=labels,
    )
