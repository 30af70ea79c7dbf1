"""A narrower SPADE student that begins as the strongest filters of a wider teacher.

As `pruning`, for the blocks of Semantic Image Synthesis with Spatially-Adaptive Normalization
(Park et al., 2019).
"""

import torch
from torch import Tensor, nn

from search_service.spaces.gan_compression.spade_channels import MULTIPLES
from workers.supernets.gan_compression.pruning import all_outputs, require_narrower, take
from workers.supernets.gan_compression.spade_network import SpadeNetwork

STATISTICS = ("running_mean", "running_var")


@torch.no_grad()
def initialise_spade_from_wider(student: SpadeNetwork, teacher: SpadeNetwork) -> None:
    """Give the student the teacher's filters of the largest L1 norm, layer by layer, and the
    running statistics that belong to them.

    Raises InvalidInput, before anything is changed, unless the student is the same network no
    wider.
    """
    require_narrower(student, teacher)
    kept = take(student.fc, teacher.fc, torch.arange(teacher.input_channels))
    for name in MULTIPLES:
        kept = _take_block(student.get_submodule(name), teacher.get_submodule(name), kept)
    take(student.conv_img, teacher.conv_img, kept, outputs=all_outputs(teacher.conv_img))


def _take_block(narrow: nn.Module, wide: nn.Module, inputs: Tensor) -> Tensor:
    """The hidden channels are the strongest, and so are those that a narrowing block gives, of
    which the shortcut gives the same; another block gives the channels that it adds to."""

    def layer(name: str, inputs: Tensor, outputs: Tensor | None = None) -> Tensor:
        return take(narrow.get_submodule(name), wide.get_submodule(name), inputs, outputs)

    hidden = layer("conv_0", inputs)
    _take_norm(narrow.get_submodule("norm_0"), wide.get_submodule("norm_0"), inputs)
    _take_norm(narrow.get_submodule("norm_1"), wide.get_submodule("norm_1"), hidden)
    if not narrow.narrows:
        return layer("conv_1", hidden, inputs)
    outputs = layer("conv_1", hidden)
    _take_norm(narrow.get_submodule("norm_s"), wide.get_submodule("norm_s"), inputs)
    return layer("conv_s", inputs, outputs)


def _take_norm(narrow: nn.Module, wide: nn.Module, channels: Tensor) -> None:
    """What modulates the channels that were kept, through its own strongest filters of the map."""
    shared = "mlp_shared.0"
    maps = torch.arange(wide.get_parameter(f"{shared}.weight").shape[1])
    hidden = take(narrow.get_submodule(shared), wide.get_submodule(shared), maps)
    for name in ("mlp_gamma", "mlp_beta"):
        take(narrow.get_submodule(name), wide.get_submodule(name), hidden, channels)
    for name in STATISTICS:
        target = narrow.get_buffer(f"param_free_norm.{name}")
        target[: len(channels)] = wide.get_buffer(f"param_free_norm.{name}")[channels]
