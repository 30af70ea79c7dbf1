"""A narrower student that begins as the strongest filters of a wider teacher.

GAN Compression (Li et al., CVPR 2020), section 3.1, starts its students so before distillation.
"""

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.layers.separable import DynamicSeparableConv2d, SeparableConv2d
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.resnet_block import DynamicResidualBlock, ResidualBlock
from workers.supernets.gan_compression.resnet_generator import ResnetGenerator

Separable = SeparableConv2d | DynamicSeparableConv2d
Block = ResidualBlock | DynamicResidualBlock


@torch.no_grad()
def initialise_from_wider(
    student: ResnetGenerator | ResnetSupernet, teacher: ResnetGenerator | ResnetSupernet
) -> None:
    """Give the student the teacher's filters of the largest L1 norm, layer by layer.

    A filter is judged by what is left of it: its weights for the inputs that were kept. The
    strongest comes first, so that a narrow run of a supernet has the best ones. Raises
    InvalidInput, before anything is changed, unless the student is the same network no wider.
    """
    require_narrower(student, teacher)
    kept = torch.arange(teacher.input_channels)
    layers = list(zip(student.model, teacher.model, strict=True))
    last = max(i for i, (layer, _) in enumerate(layers) if isinstance(layer, nn.Conv2d))
    for i, (narrow, wide) in enumerate(layers):
        if isinstance(narrow, Block):
            _take_block(narrow, wide, kept)
        elif isinstance(narrow, nn.ConvTranspose2d):
            kept = _take_transposed(narrow, wide, kept)
        elif isinstance(narrow, nn.Conv2d):  # the image keeps its channels in their order
            kept = take(narrow, wide, kept, outputs=None if i < last else all_outputs(wide))


def require_narrower(student: nn.Module, teacher: nn.Module) -> None:
    """Raises InvalidInput unless the teacher has the student's layers, each at least as wide."""
    narrow, wide = student.state_dict(), teacher.state_dict()
    if narrow.keys() != wide.keys():
        raise InvalidInput(
            "a student begins as its teacher only where both have the same layers: equally many "
            "blocks, and both separable or both dense"
        )
    for name, tensor in narrow.items():
        if any(s > t for s, t in zip(tensor.shape, wide[name].shape, strict=True)):
            raise InvalidInput(
                f"the student is wider than its teacher: {name} is {tuple(tensor.shape)}, the "
                f"teacher's {tuple(wide[name].shape)}"
            )


def strongest(filters: Tensor, count: int) -> Tensor:
    """Indices of the `count` rows of the largest L1 norm, the largest first."""
    norms = filters.abs().flatten(1).sum(1)
    return norms.argsort(descending=True, stable=True)[:count]


def take(
    narrow: nn.Module, wide: nn.Module, inputs: Tensor, outputs: Tensor | None = None
) -> Tensor:
    """Fill a convolution from these inputs of the wide one; returns the outputs taken, in order.

    `outputs`: take these; else the strongest.
    """
    if isinstance(narrow, Separable):
        for name in ("weight", "bias"):
            kept = wide.get_parameter(f"conv.0.{name}")[inputs]
            narrow.get_parameter(f"conv.0.{name}").copy_(kept)
        narrow, wide = narrow.get_submodule("conv.2"), wide.get_submodule("conv.2")
    filters, target = wide.get_parameter("weight")[:, inputs], narrow.get_parameter("weight")
    chosen = strongest(filters, len(target)) if outputs is None else outputs
    target.copy_(filters[chosen])  # (o, c, k, k)
    if "bias" in dict(narrow.named_parameters(recurse=False)):
        narrow.get_parameter("bias").copy_(wide.get_parameter("bias")[chosen])
    return chosen


def _take_transposed(narrow: nn.ConvTranspose2d, wide: nn.Module, inputs: Tensor) -> Tensor:
    filters = wide.get_parameter("weight")[inputs].transpose(0, 1)  # (o, c, k, k)
    chosen = strongest(filters, narrow.out_channels)
    narrow.weight.copy_(filters[chosen].transpose(0, 1))
    narrow.get_parameter("bias").copy_(wide.get_parameter("bias")[chosen])
    return chosen


def _take_block(narrow: Block, wide: nn.Module, inputs: Tensor) -> None:
    """The hidden channels are the strongest; what is added to the input keeps its channels."""
    first, second = "conv_block.1", "conv_block.6"
    hidden = take(narrow.get_submodule(first), wide.get_submodule(first), inputs)
    take(narrow.get_submodule(second), wide.get_submodule(second), hidden, outputs=inputs)


def all_outputs(layer: nn.Module) -> Tensor:
    """Every output of a convolution, in order."""
    return torch.arange(len(layer.get_parameter("weight")))
