from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import remove_spectral_norm
from torch.testing import assert_close

from search_service.errors import InvalidFile
from workers.layers.spectral import has_spectral_norm, with_spectral_norm, without_spectral_norm

ORACLE = (
    Path(__file__).parents[2] / "fixtures" / "gan_compression" / "spade_remove_spectral_norm.npz"
)


def recorded(prefix: str) -> dict[str, Tensor]:
    arrays = np.load(ORACLE)
    keys = [key for key in arrays.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): torch.from_numpy(arrays[key]) for key in keys}


def test_a_published_network_is_made_plain_as_recorded() -> None:
    plain, expected = without_spectral_norm(recorded("sn_sd/")), recorded("plain_sd/")
    assert plain.keys() == expected.keys()
    for key, tensor in expected.items():
        assert_close(plain[key], tensor, atol=1e-6, rtol=1e-6)


def test_it_is_what_torch_does_to_a_layer() -> None:
    layer = with_spectral_norm(nn.Conv2d(3, 5, 3))
    for _ in range(3):
        layer(torch.rand(1, 3, 8, 8))
    plain = without_spectral_norm(layer.state_dict())
    removed = remove_spectral_norm(layer.eval())
    assert_close(plain["weight"], removed.weight.detach())


def test_many_steps_bring_the_largest_singular_value_to_one() -> None:
    torch.manual_seed(0)
    layer = with_spectral_norm(nn.Conv2d(3, 5, 3))
    for _ in range(200):
        layer(torch.zeros(1, 3, 3, 3))
    weight = without_spectral_norm(layer.state_dict())["weight"]
    assert_close(torch.linalg.matrix_norm(weight.flatten(1), 2), torch.tensor(1.0))


def test_plain_states_are_handed_on() -> None:
    state = recorded("plain_sd/")
    assert not has_spectral_norm(state)
    assert without_spectral_norm(state) == state
    assert has_spectral_norm(recorded("sn_sd/"))


@pytest.mark.parametrize("lost", ["weight_u", "weight_v"])
def test_a_file_without_a_vector_is_refused_by_name(lost: str) -> None:
    state = recorded("sn_sd/")
    del state[f"up_3.conv_1.{lost}"]
    with pytest.raises(InvalidFile, match=rf"up_3\.conv_1\.weight_orig .* lacks {lost}"):
        without_spectral_norm(state)
