from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.errors import InvalidFile, InvalidInput
from search_service.recipes.perceptual import Perceptual
from workers.training.perceptual import PerceptualLoss, open_perceptual

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
SIDES = [(16, 16)]


@pytest.fixture
def open_(feature_network: Path) -> Callable[..., PerceptualLoss]:
    def opened(**changes: object) -> PerceptualLoss:
        settings = Perceptual(network=str(feature_network), levels=(0.5, 2.0))
        loss = open_perceptual(replace(settings, **changes), channels=3, sides=SIDES)  # type: ignore[arg-type]
        assert loss is not None
        return loss

    return opened


def images(channels: int = 3) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(1)
    a, b = torch.rand(2, 4, channels, 16, 16, generator=rng) * 2 - 1
    return a, b


def test_levels_are_weighted_distances_of_what_the_network_sees(
    open_: Callable[..., PerceptualLoss], feature_network: Path
) -> None:
    a, b = images()
    network = torch.jit.load(str(feature_network))  # type: ignore[no-untyped-call]
    for name, distance in (("l1", nn.functional.l1_loss), ("l2", nn.functional.mse_loss)):
        first, second = (distance(x, y).item() for x, y in zip(network(a), network(b), strict=True))
        value = open_(distance=name)(a, b).item()
        assert value == pytest.approx(0.5 * first + 2.0 * second, rel=1e-5)


def test_the_same_images_are_no_distance_apart(open_: Callable[..., PerceptualLoss]) -> None:
    a, _ = images()
    assert open_()(a, a) == 0


def test_gradients_reach_the_images_alone(open_: Callable[..., PerceptualLoss]) -> None:
    a, b = (x.requires_grad_() for x in images())
    open_()(a, b).backward()  # type: ignore[no-untyped-call]
    assert a.grad is not None
    assert (a.grad != 0).all(dim=1).float().mean() > 0.9
    assert b.grad is None


def test_grey_images_are_seen_as_colour_ones(open_: Callable[..., PerceptualLoss]) -> None:
    a, b = images(1)
    loss = open_()
    assert_close(loss(a, b), loss(a.expand(-1, 3, -1, -1), b.expand(-1, 3, -1, -1)))


def test_every_run_has_the_bits_of_the_first(open_: Callable[..., PerceptualLoss]) -> None:
    a, b = images()

    def run(loss: PerceptualLoss) -> tuple[Tensor, Tensor]:
        x = a.clone().requires_grad_()
        value = loss(x, b)
        (gradient,) = torch.autograd.grad(value, x)
        return value, gradient

    old, fresh = open_(), open_()
    runs = [run(old) for _ in range(4)] + [run(fresh)]
    assert all(torch.equal(value, runs[0][0]) for value, _ in runs)
    assert all(torch.equal(gradient, runs[0][1]) for _, gradient in runs)


def test_it_stays_in_full_precision_under_autocast(open_: Callable[..., PerceptualLoss]) -> None:
    a, b = images()
    loss = open_()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(loss(a, b), loss(a, b))
        under = loss(a, b)
    assert torch.equal(under, loss(a, b))


@pytest.mark.parametrize("settings", [Perceptual(), Perceptual(network="none.pt", weight=0.0)])
def test_without_a_network_or_a_weight_there_is_no_term(settings: Perceptual) -> None:
    assert open_perceptual(settings, channels=3, sides=SIDES) is None


class Single(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Vectors(nn.Module):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, x.mean((2, 3))]


class Mixed(nn.Module):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, x.reshape(1, -1, x.shape[2], x.shape[3])]


class Levels(nn.Module):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, (x * 255).round().to(torch.uint8).float()]


class Grey(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(1, 2, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.net(x), x]


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Single(), "gives a Tensor; wanted is TorchScript"),
        (Vectors(), r"gives \(2, 3\) for images \(2, 3, 16, 16\) among its maps"),
        (Mixed(), r"gives \(1, 6, 16, 16\) for images \(2, 3, 16, 16\) among its maps"),
        (Levels(), "lets no gradient through to the images"),
        (Grey(), r"cannot take images \(2, 3, 16, 16\): .*channels"),
    ],
)
def test_a_network_that_does_something_else_is_refused_in_one_line(
    module: nn.Module, said: str, scripted: Callable[[nn.Module], Path]
) -> None:
    settings = Perceptual(network=str(scripted(module)), levels=(1.0, 1.0))
    with pytest.raises(InvalidFile, match=said) as raised:
        open_perceptual(settings, channels=3, sides=SIDES)
    assert "\n" not in str(raised.value)
    assert raised.value.pointer == "/perceptual/network"


def test_a_network_is_tried_at_every_size(scripted: Callable[[nn.Module], Path]) -> None:
    class Fixed(nn.Module):
        def forward(self, x: Tensor) -> list[Tensor]:
            return [x.reshape(-1, 3, 16, 16)]

    settings = Perceptual(network=str(scripted(Fixed())), levels=(1.0,))
    assert open_perceptual(settings, channels=1, sides=SIDES) is not None
    with pytest.raises(InvalidFile, match=r"cannot take images \(2, 3, 9, 9\)"):
        open_perceptual(settings, channels=1, sides=[(16, 16), (9, 9)])


def test_another_number_of_levels_is_refused(open_: Callable[..., PerceptualLoss]) -> None:
    with pytest.raises(InvalidInput, match=r"levels has 3 weights, but .* gives 2 maps") as raised:
        open_(levels=(1.0, 1.0, 1.0))
    assert raised.value.pointer == "/perceptual/levels"


def test_images_of_other_channels_are_refused(feature_network: Path) -> None:
    settings = Perceptual(network=str(feature_network), levels=(1.0, 1.0))
    with pytest.raises(InvalidInput, match="1 or 3 channels, these have 4") as raised:
        open_perceptual(settings, channels=4, sides=SIDES)
    assert raised.value.pointer == "/perceptual"


def test_a_missing_or_other_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.pt"
    settings = Perceptual(network=str(path))
    with pytest.raises(InvalidFile, match=r"cannot read .*network\.pt"):
        open_perceptual(settings, channels=3, sides=SIDES)
    path.write_bytes(b"weights")
    with pytest.raises(InvalidFile, match="is not TorchScript"):
        open_perceptual(settings, channels=3, sides=SIDES)


def test_only_the_network_of_the_digest_will_do(open_: Callable[..., PerceptualLoss]) -> None:
    digest = open_().digest
    assert open_(digest=digest).digest == digest
    with pytest.raises(InvalidFile, match="is not the network that the recipe means") as raised:
        open_(digest="0" * 64)
    assert raised.value.pointer == "/perceptual/network"
