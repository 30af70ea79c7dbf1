from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.domain.space import sample
from search_service.errors import InvalidInput
from workers import supernets
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_calibration import (
    averaged_statistics,
    calibrated,
    last_statistics,
)

FIXTURES = Path(__file__).parents[3] / "fixtures" / "gan_compression"
ENTRY = "head_0.norm_0.param_free_norm"  # the one norm that no other norm precedes


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(FIXTURES / "spade_super_ngf4.npz")


@pytest.fixture
def supernet(recorded: Any) -> SpadeSupernet:
    supernet = supernets.build(
        "gan-compression",
        {
            "generator": "spade",
            "base_channels": 4,
            "input_channels": 5,
            "image_size": 128,
            "aspect_ratio": 2.0,
            "upsampling": "more",
        },
    )
    assert isinstance(supernet, SpadeSupernet)
    supernet.load_state_dict(state(recorded, "sd/"))
    return supernet.eval()


@pytest.fixture
def batches(recorded: Any) -> list[Tensor]:
    return [torch.from_numpy(recorded[f"calib/batch{i}"]) for i in (1, 2)]


def state(recorded: Any, prefix: str) -> dict[str, Tensor]:
    keys = [key for key in recorded.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): torch.from_numpy(recorded[key]) for key in keys}


@torch.no_grad()
def test_the_published_mode_gives_the_recorded_statistics_and_images(
    recorded: Any, supernet: SpadeSupernet, batches: list[Tensor]
) -> None:
    architecture = supernet.space.parse("3_2_4_3_2_4_3_2")
    subnet = calibrated(supernet, architecture, batches, last_batch_alone=True)
    own = subnet.state_dict()
    for name, expected in state(recorded, "calib/stats/").items():
        assert_close(own[name], expected, atol=1e-4, rtol=0)
    expected = torch.from_numpy(recorded["calib/y_eval_after"])
    assert_close(subnet(torch.from_numpy(recorded["x/more"])), expected, atol=1e-4, rtol=0)
    in_training = supernet.train()(batches[1], architecture)
    expected = torch.from_numpy(recorded["calib/y_train_batch2"])
    assert_close(in_training, expected, atol=1e-4, rtol=0)


def test_neither_supernet_nor_subnet_is_changed(
    supernet: SpadeSupernet, batches: list[Tensor]
) -> None:
    architecture = sample(supernet.space, np.random.default_rng(0))
    subnet = supernet.extract(architecture)
    networks = (supernet, subnet)
    before = [{k: v.clone() for k, v in n.state_dict().items()} for n in networks]
    calibrated(supernet, architecture, batches)
    averaged_statistics(subnet, batches)
    last_statistics(subnet, batches)
    for network, kept in zip(networks, before, strict=True):
        assert not network.training
        assert all(torch.equal(v, kept[k]) for k, v in network.state_dict().items())


def test_equal_inputs_give_equal_bits_whatever_was_calibrated_before(
    supernet: SpadeSupernet, batches: list[Tensor]
) -> None:
    first, other = (sample(supernet.space, np.random.default_rng(seed)) for seed in (0, 1))
    once = calibrated(supernet, first, batches).state_dict()
    calibrated(supernet, other, batches)
    again = calibrated(supernet, first, batches).state_dict()
    assert all(torch.equal(once[key], again[key]) for key in once)


def test_the_order_of_the_batches_has_no_influence(
    supernet: SpadeSupernet, batches: list[Tensor]
) -> None:
    subnet = supernet.extract(sample(supernet.space, np.random.default_rng(0)))
    forth, back = averaged_statistics(subnet, batches), averaged_statistics(subnet, batches[::-1])
    for name in forth:
        assert_close(forth[name], back[name])
    assert not torch.equal(
        last_statistics(subnet, batches)[f"{ENTRY}.running_mean"],
        last_statistics(subnet, batches[::-1])[f"{ENTRY}.running_mean"],
    )


def test_all_maps_weigh_the_same_however_they_are_batched(
    supernet: SpadeSupernet, batches: list[Tensor]
) -> None:
    subnet = supernet.extract(sample(supernet.space, np.random.default_rng(0)))
    together = torch.cat(batches)
    uneven = averaged_statistics(subnet, [together[:1], together[1:]])
    whole = last_statistics(subnet, [together])
    for buffer in ("running_mean", "running_var"):
        # Norms further on see maps that were normalised in other company.
        assert_close(uneven[f"{ENTRY}.{buffer}"], whole[f"{ENTRY}.{buffer}"])


def test_of_one_batch_the_average_is_that_batch(
    supernet: SpadeSupernet, batches: list[Tensor]
) -> None:
    subnet = supernet.extract(sample(supernet.space, np.random.default_rng(0)))
    one, last = averaged_statistics(subnet, batches[:1]), last_statistics(subnet, batches[:1])
    assert one.keys() == last.keys()
    assert all(torch.equal(one[name], last[name]) for name in one)


@torch.no_grad()
def test_after_calibration_the_image_in_evaluation_is_that_of_training(
    supernet: SpadeSupernet, batches: list[Tensor]
) -> None:
    subnet = calibrated(supernet, supernet.space.parse("3_2_4_3_2_4_3_2"), batches[:1])
    evaluated = subnet(batches[0])
    # Apart from the variances' missing bias, which matters where a norm sees few pixels.
    assert (evaluated - subnet.train()(batches[0])).abs().mean() < 0.05


def test_no_batch_is_refused(supernet: SpadeSupernet) -> None:
    with pytest.raises(InvalidInput, match="at least one batch"):
        calibrated(supernet, sample(supernet.space, np.random.default_rng(0)), [])
