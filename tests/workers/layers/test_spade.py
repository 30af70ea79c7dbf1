import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from workers.layers.spade import SpadeNorm
from workers.layers.spade_parts import DENSE, DYNAMIC, SEPARABLE, SpadeParts


def build(parts: SpadeParts, channels: int = 6, hidden: int = 4) -> SpadeNorm:
    torch.manual_seed(0)
    norm = SpadeNorm(channels, hidden, map_channels=3, statistics_channels=6, parts=parts)
    for parameter in norm.parameters():
        nn.init.normal_(parameter, std=0.5)
    return norm.eval()


def maps(n: int = 2) -> Tensor:
    return torch.randn(n, 3, 5, 4, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("parts", [DENSE, SEPARABLE])
def test_it_is_the_paper_s_equation(parts: SpadeParts) -> None:
    norm, x = build(parts), torch.randn(2, 6, 5, 4)
    code = norm.mlp_shared(maps())
    expected = norm.param_free_norm(x) * (1 + norm.mlp_gamma(code)) + norm.mlp_beta(code)
    assert_close(norm(x, maps()), expected)


def test_without_scale_and_shift_it_is_a_batch_norm() -> None:
    norm, x = build(SEPARABLE), torch.randn(2, 6, 5, 4)
    for modulation in (norm.mlp_gamma, norm.mlp_beta):
        for parameter in modulation.parameters():
            nn.init.zeros_(parameter)
    assert_close(norm(x, maps()), norm.param_free_norm(x))


@pytest.mark.parametrize("channels", [1, 4, 6])
@pytest.mark.parametrize("hidden", [1, 3, 4])
def test_a_narrow_run_is_the_narrow_layer_with_the_first_weights(
    channels: int, hidden: int
) -> None:
    full, narrow = build(DYNAMIC), build(SEPARABLE, channels, hidden)
    state = full.state_dict()
    first = {
        name: state[name][tuple(slice(size) for size in tensor.shape)]
        for name, tensor in narrow.state_dict().items()
    }
    narrow.load_state_dict(first)
    x = torch.randn(2, channels, 5, 4)
    assert torch.equal(full(x, maps(), hidden), narrow(x, maps()))
