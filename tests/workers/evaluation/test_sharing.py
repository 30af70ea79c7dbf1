"""Parameters in memory that is not theirs."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from search_service import spaces
from search_service.domain.space import smallest
from search_service.errors import InvalidFile
from workers import supernets
from workers.evaluation import load_supernet
from workers.evaluation.sharing import fill_with_views

FAMILIES: dict[str, dict[str, Any]] = {
    "anycost": {"resolution": 16, "channel_multiplier": 1 / 32, "style_dim": 8},
    "gan-compression": {"base_channels": 4, "image_size": 32},
}


def norm() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def arrays_of(module: nn.Module) -> dict[str, NDArray[Any]]:
    """As an object store gives them."""
    arrays = {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_of_a_supernet_is_where_the_array_is_and_its_images_are_the_same(
    family: str,
) -> None:
    space = spaces.build(family, FAMILIES[family])
    own: Any = supernets.build(family, FAMILIES[family]).eval()
    arrays = arrays_of(own)
    shared: Any = load_supernet(family, FAMILIES[family], arrays)
    parameters = dict(shared.named_parameters())
    assert parameters
    assert all(parameters[name].data_ptr() == arrays[name].ctypes.data for name in parameters)
    assert not any(parameter.requires_grad for parameter in parameters.values())
    x = torch.randn(2, 8) if family == "anycost" else torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        assert torch.equal(shared(x, smallest(space)), own(x, smallest(space)))


def test_what_a_layer_writes_is_its_own() -> None:
    module, arrays = norm(), arrays_of(norm())
    before = {name: array.copy() for name, array in arrays.items()}
    fill_with_views(module, arrays, source="here")
    module.train()(torch.randn(8, 2))
    assert module.get_buffer("1.num_batches_tracked") == 1
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_numbers_of_another_type_become_the_modules() -> None:
    module = norm()
    arrays = {name: array.astype(np.float64) for name, array in arrays_of(norm()).items()}
    fill_with_views(module, arrays, source="here")
    assert module.get_parameter("0.weight").dtype == torch.float32
    np.testing.assert_array_equal(module.get_parameter("0.weight").detach(), arrays["0.weight"])


def test_what_does_not_fit_is_refused_and_nothing_is_changed() -> None:
    module = norm()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    arrays = arrays_of(norm())
    del arrays["1.weight"]
    with pytest.raises(InvalidFile, match=r"here does not fit .* 1 missing \(1.weight\)"):
        fill_with_views(module, arrays, source="here")
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
