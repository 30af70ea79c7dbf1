"""The regulariser against its recorded values, and laws of its running mean."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.spaces.anycost import AnycostParameters, AnycostSpace
from workers.checkpoints import load_weights
from workers.supernets.anycost import AnycostSupernet
from workers.training.path_length import PathLengthMean, path_lengths

ORACLE = Path(__file__).parents[2] / "fixtures" / "anycost"
SIZE = AnycostParameters(
    resolution=64, channel_multiplier=1 / 32, channel_max=64, style_dim=64, mapping_layers=4
)


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(ORACLE / "g64_cases.npz")


def tensor(recorded: Any, name: str) -> Tensor:
    return torch.from_numpy(recorded[name])


def test_lengths_mean_penalty_and_gradients_as_recorded(recorded: Any) -> None:
    generator = AnycostSupernet(AnycostSpace(SIZE))
    load_weights(generator, ORACLE / "g64_state.safetensors")
    styles = generator.styles(tensor(recorded, "z1"))
    assert_close(styles, tensor(recorded, "pl.styles"), atol=2e-5, rtol=1e-4)
    image = generator.synthesize(styles, generator.space.full_channels)[-1]
    lengths = path_lengths(image, styles, tensor(recorded, "pl.noise"))
    assert_close(lengths, tensor(recorded, "pl.lengths"), atol=0, rtol=1e-4)
    mean = PathLengthMean(decay=0.01)
    mean.load_state_dict({"value": tensor(recorded, "pl.mean_in").reshape(())})
    penalty = mean.penalty(lengths)
    assert_close(mean.value, tensor(recorded, "pl.mean_out").reshape(()), atol=0, rtol=1e-4)
    assert_close(penalty, tensor(recorded, "pl.penalty").reshape(()), atol=0, rtol=1e-4)
    names = ["conv1.conv.weight", "convs.6.conv.modulation.weight"]
    parameters = [generator.get_parameter(name) for name in names]
    conv1, modulation = torch.autograd.grad(penalty, parameters)
    for gradient, name in ((conv1[:, :4, :4], names[0]), (modulation, names[1])):
        expected = tensor(recorded, f"pl.grad.{name}").reshape(gradient.shape)
        assert (gradient - expected).abs().max() <= 1e-4 * expected.abs().max()


def test_the_length_of_a_linear_map_is_the_norm_of_its_projection() -> None:
    weights = torch.randn(3, 5, 7, 4, 4)  # of two layers' styles to a channel
    styles = torch.randn(6, 3, 5, requires_grad=True)
    image = torch.einsum("nls,lschw->nchw", styles, weights)
    noise = torch.randn(image.shape)
    slopes = torch.einsum("nchw,lschw->nls", noise / 4, weights)
    expected = slopes.square().sum(2).mean(1).sqrt()
    assert_close(path_lengths(image, styles, noise), expected)


def test_equal_lengths_at_their_mean_cost_nothing() -> None:
    mean = PathLengthMean(decay=0.01)
    mean.load_state_dict({"value": torch.tensor(2.0)})
    assert mean.penalty(torch.full((5,), 2.0)) == 0
    assert mean.penalty(torch.tensor([1.0, 3.0])) == 1


def test_the_mean_moves_by_its_decay_and_holds_no_graph() -> None:
    mean = PathLengthMean(decay=0.25)
    mean.penalty(torch.tensor([2.0, 6.0], requires_grad=True))
    assert_close(mean.value, torch.tensor(1.0))
    assert not mean.value.requires_grad
    again = PathLengthMean(decay=0.25)
    again.load_state_dict(mean.state_dict())
    assert torch.equal(again.value, mean.value)
