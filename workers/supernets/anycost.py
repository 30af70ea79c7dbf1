"""The Anycost supernet: one generator that runs at any of its widths and resolutions.

Anycost GANs for Interactive Image Synthesis and Editing (Lin et al., CVPR 2021).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from search_service.domain.space import Architecture, SearchSpace
from search_service.spaces.anycost import AnycostSpace
from workers.supernets.anycost_generator import AnycostGenerator
from workers.supernets.anycost_styles import Truncation
from workers.supernets.families import SUPERNETS


class AnycostSubnet(AnycostGenerator):
    """One architecture on its own: the same layers, as narrow as it runs them."""

    def forward(
        self,
        z: Tensor,
        *,
        labels: Tensor | None = None,
        noise: Sequence[Tensor] | None = None,
        truncation: Truncation | None = None,
        crossover: int | None = None,
    ) -> Tensor:
        """z, labels as in `styles`; the image (n, image_channels, r, r), nominally in [-1, 1]."""
        styles = self.styles(z, labels=labels, truncation=truncation, crossover=crossover)
        return self.synthesize(styles, self.widths, noise)[-1]

    def from_styles(
        self,
        w: Tensor,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: Truncation | None = None,
        crossover: int | None = None,
    ) -> Tensor:
        """The image of styles w, in W or W+ of the supernet; see `spread` for their shapes."""
        styles = self.layer_styles(w, truncation=truncation, crossover=crossover)
        return self.synthesize(styles, self.widths, noise)[-1]


class AnycostSupernet(AnycostGenerator):
    """The full-width generator; an architecture is an argument of each call."""

    def __init__(self, space: AnycostSpace) -> None:
        parameters = space.parameters
        super().__init__(
            space.full_channels,
            style_dim=parameters.style_dim,
            mapping_layers=parameters.mapping_layers,
            image_channels=parameters.image_channels,
            classes=parameters.classes,
        )
        self._space = space

    @property
    def space(self) -> AnycostSpace:
        """See Supernet."""
        return self._space

    def forward(
        self,
        z: Tensor,
        architecture: Architecture,
        *,
        labels: Tensor | None = None,
        noise: Sequence[Tensor] | None = None,
        truncation: Truncation | None = None,
        crossover: int | None = None,
    ) -> Tensor:
        """z, labels as in `styles`; the subnet's image (n, image_channels, r, r), nominally in
        [-1, 1]."""
        styles = self.styles(z, labels=labels, truncation=truncation, crossover=crossover)
        return self.synthesize(styles, self._space.channels(architecture), noise)[-1]

    def from_styles(
        self,
        w: Tensor,
        architecture: Architecture,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: Truncation | None = None,
        crossover: int | None = None,
    ) -> Tensor:
        """The subnet's image of styles w, in W or W+; see `spread` for their shapes."""
        styles = self.layer_styles(w, truncation=truncation, crossover=crossover)
        return self.synthesize(styles, self._space.channels(architecture), noise)[-1]

    def extract(self, architecture: Architecture) -> AnycostSubnet:
        """See Supernet."""
        widths = self._space.channels(architecture)
        parameters = self._space.parameters
        subnet = AnycostSubnet(
            widths,
            style_dim=parameters.style_dim,
            mapping_layers=parameters.mapping_layers,
            image_channels=parameters.image_channels,
            classes=parameters.classes,
            style_count=self.style_count,
        )
        full = self.state_dict()
        with torch.no_grad():
            for name, tensor in subnet.state_dict().items():
                source = full[name]
                tensor.copy_(source[tuple(slice(size) for size in tensor.shape)])
                if name.startswith("to_rgb") and name.endswith("conv.weight"):
                    # the equalised scale has the full fan-in, and no demodulation undoes it
                    tensor.mul_(math.sqrt(tensor.shape[2] / source.shape[2]))
        return subnet.train(self.training)


@SUPERNETS.register("anycost")
def build(space: SearchSpace) -> AnycostSupernet:
    """The supernet of an Anycost space."""
    assert isinstance(space, AnycostSpace)
    return AnycostSupernet(space)
