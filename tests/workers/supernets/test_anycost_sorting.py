import copy

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.domain.space import largest
from search_service.errors import InvalidInput
from workers import supernets
from workers.layers.modulated import ModulatedConv2d, RgbWeight
from workers.supernets.anycost import AnycostSupernet
from workers.supernets.anycost_sorting import sort_channels

PARAMETERS = {
    "resolution": 32,
    "channel_multiplier": 1 / 32,
    "channel_max": 32,
    "style_dim": 16,
    "mapping_layers": 2,
}


@pytest.fixture(params=[0, 3], ids=["unconditional", "3 classes"])
def generator(request: pytest.FixtureRequest) -> AnycostSupernet:
    torch.manual_seed(0)
    built = supernets.build("anycost", {**PARAMETERS, "classes": request.param})
    assert isinstance(built, AnycostSupernet)
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter)  # biases too, or a forgotten one would not show
    return built


@pytest.fixture
def styles(generator: AnycostSupernet) -> Tensor:
    return generator.random_styles(torch.Generator().manual_seed(0), 500)


def importance(conv: ModulatedConv2d | RgbWeight, styles: Tensor) -> Tensor:
    weights = conv.weight.detach().abs().sum((0, 1, 3, 4))
    strengths: Tensor = conv.modulation(styles).detach().abs().mean(0)
    return weights * strengths


@torch.no_grad()
def test_the_full_generator_s_images_stay_as_they_are(
    generator: AnycostSupernet, styles: Tensor
) -> None:
    z, full = torch.randn(3, 16), generator.space.full_channels
    before = generator.synthesize(generator.styles(z), full)
    sort_channels(generator, styles)
    for level, expected in zip(
        generator.synthesize(generator.styles(z), full), before, strict=True
    ):
        assert_close(level, expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_channels_of_every_convolution_come_by_importance(
    generator: AnycostSupernet, styles: Tensor
) -> None:
    sort_channels(generator, styles)
    sorted_ = [generator.conv1.conv, *(layer.conv for layer in generator.convs)]
    for conv in [*sorted_, generator.to_rgbs[-1].conv]:
        assert isinstance(conv, ModulatedConv2d | RgbWeight)
        found = importance(conv, styles)
        assert (found.diff() <= 1e-5 * found.max()).all()


@torch.no_grad()
def test_sorting_moves_channels_and_changes_no_number(
    generator: AnycostSupernet, styles: Tensor
) -> None:
    before = copy.deepcopy(generator.state_dict())
    sort_channels(generator, styles)
    moved = []
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor.flatten().sort()[0], before[name].flatten().sort()[0])
        if not torch.equal(tensor, before[name]):
            moved.append(name)
    untouched = ("style.", "noises.", "embed.")
    assert not any(name.startswith(untouched) for name in moved)
    parts = ("input.", "conv1.", "to_rgb1.", "convs.0.", "convs.5.", "to_rgbs.0.", "to_rgbs.2.")
    assert all(any(name.startswith(part) for name in moved) for part in parts)


@torch.no_grad()
def test_sorting_twice_is_sorting_once(generator: AnycostSupernet, styles: Tensor) -> None:
    sort_channels(generator, styles)
    once = copy.deepcopy(generator.state_dict())
    sort_channels(generator, styles)
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, once[name])


@torch.no_grad()
def test_what_has_no_weight_goes_last_so_that_a_subnet_without_it_is_the_full_net(
    generator: AnycostSupernet, styles: Tensor
) -> None:
    space, z = generator.space, torch.randn(2, 16)
    dead = torch.arange(16) % 2 == 0  # half of the channels of the two convolutions at 32
    assert space.full_channels[-2:] == (16, 16)
    for layer in ("convs.5", "to_rgbs.2"):
        generator.get_parameter(f"{layer}.conv.weight")[:, :, dead] = 0
    full = largest(space)
    halved = space.architecture((*full.options[:-2], 0.5, 0.5))
    before = generator(z, full)
    assert (generator(z, halved) - before).abs().max() > 1e-2
    sort_channels(generator, styles)
    assert_close(generator(z, halved), before, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", [(16,), (0, 16), (4, 15), (4, 1, 16)])
def test_styles_of_another_shape_are_refused(
    generator: AnycostSupernet, shape: tuple[int, ...]
) -> None:
    with pytest.raises(InvalidInput, match=r"styles must be \(m, 16\)"):
        sort_channels(generator, torch.randn(shape))
