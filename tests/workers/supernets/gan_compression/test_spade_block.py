import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.spaces.gan_compression.spade_channels import BlockChannels
from workers.layers.spade_parts import DENSE, DYNAMIC, SEPARABLE, SpadeParts
from workers.supernets.gan_compression.spade_block import SpadeBlock

KEEPS = BlockChannels(inputs=6, hidden=4, outputs=6, norm_hidden=3, narrows=False)
NARROWS = BlockChannels(inputs=6, hidden=4, outputs=4, norm_hidden=3, narrows=True)
CASES = [KEEPS, NARROWS]


def build(parts: SpadeParts, own: BlockChannels, full: BlockChannels | None = None) -> SpadeBlock:
    torch.manual_seed(0)
    block = SpadeBlock(own, full or own, parts, map_channels=2, spectral=False).eval()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.5)
    return block


def maps() -> Tensor:
    return torch.randn(2, 2, 5, 4, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("channels", CASES)
def test_it_is_two_convolutions_of_normed_activations_and_a_shortcut(
    channels: BlockChannels,
) -> None:
    block, x, s = build(DENSE, channels), torch.randn(2, 6, 5, 4), maps()
    y = block.conv_0(F.leaky_relu(block.norm_0(x, s), 0.2))
    y = block.conv_1(F.leaky_relu(block.norm_1(y, s), 0.2))
    shortcut = block.conv_s(block.norm_s(x, s)) if channels.narrows else x
    assert_close(block(x, s, None), shortcut + y)


@pytest.mark.parametrize("full", CASES)
def test_a_narrow_run_is_the_narrow_block_with_the_first_weights(full: BlockChannels) -> None:
    own = full._replace(inputs=3, hidden=2, outputs=2 if full.narrows else 3, norm_hidden=1)
    dynamic, narrow = build(DYNAMIC, full), build(SEPARABLE, own, full)
    state = dynamic.state_dict()
    narrow.load_state_dict(
        {
            name: state[name][tuple(slice(size) for size in tensor.shape)]
            for name, tensor in narrow.state_dict().items()
        }
    )
    x = torch.randn(2, 3, 5, 4)
    assert torch.equal(dynamic(x, maps(), own), narrow(x, maps(), None))


def test_the_shortcut_has_neither_bias_nor_activation() -> None:
    block, x = build(DENSE, NARROWS), torch.randn(2, 6, 5, 4)
    assert block.get_submodule("conv_s").bias is None
    nn.init.zeros_(block.get_parameter("conv_1.weight"))
    nn.init.zeros_(block.get_parameter("conv_1.bias"))
    assert_close(block(x, maps(), None), block.conv_s(block.norm_s(x, maps())))
