import numpy as np
import pytest
import torch
from torch.testing import assert_close

from search_service.domain.space import largest, sample, smallest
from search_service.errors import InvalidInput
from workers import supernets
from workers.supernets.anycost import AnycostSupernet
from workers.supernets.anycost_generator import Truncation

PARAMETERS = {
    "resolution": 32,
    "channel_multiplier": 1 / 64,
    "channel_max": 32,
    "style_dim": 16,
    "mapping_layers": 2,
    "image_channels": 1,
}


@pytest.fixture
def supernet() -> AnycostSupernet:
    torch.manual_seed(0)
    built = supernets.build("anycost", PARAMETERS)
    assert isinstance(built, AnycostSupernet)
    for name, parameter in built.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.normal_(parameter)  # 0 at first, which would hide a forgotten noise
    return built


@pytest.mark.parametrize("seed", range(6))
@torch.no_grad()
def test_an_extracted_subnet_runs_alike(supernet: AnycostSupernet, seed: int) -> None:
    architecture = sample(supernet.space, np.random.default_rng(seed))
    z = torch.randn(3, 16)
    subnet = supernet.extract(architecture)
    assert_close(subnet(z), supernet(z, architecture), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_an_extracted_subnet_shares_no_memory(supernet: AnycostSupernet) -> None:
    architecture, z = smallest(supernet.space), torch.randn(2, 16)
    subnet, before = supernet.extract(architecture), supernet(z, architecture)
    for parameter in supernet.parameters():
        parameter.zero_()
    assert_close(subnet(z), before, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_an_extracted_subnet_has_as_many_parameters_as_the_space_says(
    supernet: AnycostSupernet, seed: int
) -> None:
    architecture = sample(supernet.space, np.random.default_rng(seed))
    parameters = supernet.extract(architecture).parameters()
    assert sum(p.numel() for p in parameters) == supernet.space.params(architecture)


@torch.no_grad()
def test_the_architecture_leaves_no_trace_on_the_supernet(supernet: AnycostSupernet) -> None:
    z, full = torch.randn(2, 16), largest(supernet.space)
    before = supernet(z, full)
    supernet(z, smallest(supernet.space))
    assert torch.equal(supernet(z, full), before)


@torch.no_grad()
def test_images_of_a_batch_do_not_depend_on_one_another(supernet: AnycostSupernet) -> None:
    z, full = torch.randn(5, 16), largest(supernet.space)
    alone = torch.cat([supernet(row, full) for row in z.split(1)])  # type: ignore[no-untyped-call]  # torch
    assert_close(supernet(z, full), alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("side", [8, 16, 32])
def test_an_image_has_the_side_and_channels_asked_for(supernet: AnycostSupernet, side: int) -> None:
    image = supernet(torch.randn(2, 16), supernet.space.uniform(0.5, side))
    assert image.shape == (2, 1, side, side)


@torch.no_grad()
def test_truncation_to_zero_gives_the_centre_whatever_the_latent(supernet: AnycostSupernet) -> None:
    centre = supernet.mean_style(torch.Generator().manual_seed(0), count=100)
    truncation = Truncation(psi=0.0, centre=centre)
    image = supernet(torch.randn(2, 16), largest(supernet.space), truncation=truncation)
    assert_close(image[0], image[1])


def test_a_class_conditional_generator_is_refused() -> None:
    with pytest.raises(InvalidInput, match="classes must be 0"):
        supernets.build("anycost", {**PARAMETERS, "classes": 10})
