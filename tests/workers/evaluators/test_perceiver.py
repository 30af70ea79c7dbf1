from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from search_service.errors import InvalidFile
from tests.support.elsewhere import ELSEWHERE, Elsewhere
from workers.evaluators.perceiver import Perceiver, open_perceiver

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Alone(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Empty(nn.Module):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [x][1:]


class Flat(nn.Module):
    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, x.flatten(1)]


class OneColour(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(1, 2, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.net(x)]


def script(module: nn.Module, path: Path) -> Path:
    torch.jit.script(module).save(str(path))  # type: ignore[no-untyped-call]  # torch's own
    return path


def pictures(count: int, channels: int, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, channels, 8, 8), generator=rng, dtype=torch.uint8)


def test_equal_images_are_no_distance_apart_and_others_are_alike_both_ways(edges: Path) -> None:
    perceiver = open_perceiver(edges, (3, 8, 8))
    a, b = pictures(11, 3), pictures(11, 3, seed=1)
    assert perceiver(a, a).tolist() == [0.0] * 11
    assert (perceiver(a, b) > 0).all()
    assert np.array_equal(perceiver(a, b), perceiver(b, a))


def test_a_pair_s_distance_does_not_depend_on_the_batch(edges: Path) -> None:
    perceiver = open_perceiver(edges, (3, 8, 8))
    a, b = pictures(11, 3), pictures(11, 3, seed=1)
    alone = [perceiver(a[i : i + 1], b[i : i + 1])[0] for i in range(11)]
    assert perceiver(a, b) == pytest.approx(alone, rel=1e-6)


def test_the_network_may_be_on_another_device() -> None:
    a, b = pictures(11, 1), pictures(11, 1, seed=1)
    with Elsewhere():
        network = nn.Conv2d(3, 2, 3)
        maps = lambda x: [network(x), x]  # noqa: E731
        expected = Perceiver(maps, digest="")(a, b)
        network.to(ELSEWHERE)
        assert np.array_equal(Perceiver(maps, digest="", placement=ELSEWHERE)(a, b), expected)


def test_grey_images_are_seen_as_equal_colours(edges: Path) -> None:
    a, b = pictures(4, 1), pictures(4, 1, seed=1)
    grey = open_perceiver(edges, (1, 8, 8))
    colour = open_perceiver(edges, (3, 8, 8))
    assert np.array_equal(grey(a, b), colour(a.expand(-1, 3, -1, -1), b.expand(-1, 3, -1, -1)))


def test_the_distance_is_that_of_unit_vectors_over_the_places(edges: Path) -> None:
    perceiver = open_perceiver(edges, (3, 8, 8))
    a, b = pictures(2, 3), pictures(2, 3, seed=1)
    network = torch.jit.load(str(edges))  # type: ignore[no-untyped-call]  # torch's own
    expected = np.zeros(2)
    for x, y in zip(*(network(i.float() / 127.5 - 1) for i in (a, b)), strict=True):
        n, _, height, width = x.shape
        for k in range(n):
            for row in range(height):
                for column in range(width):
                    u, v = (m[k, :, row, column].double() for m in (x, y))
                    apart = u / u.norm() - v / v.norm()
                    expected[k] += float(apart.square().sum()) / (height * width)
    assert perceiver(a, b) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Alone(), "gives a Tensor; wanted is TorchScript"),
        (Empty(), "gives no feature maps"),
        (Flat(), r"gives \(2, 192\) for images \(2, 3, 8, 8\) among its maps"),
        (OneColour(), r"cannot take images \(2, 3, 8, 8\): "),
    ],
)
def test_a_network_that_does_something_else_is_refused_in_one_line(
    module: nn.Module, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile, match=said) as raised:
        open_perceiver(script(module, tmp_path / "other.pt"), (3, 8, 8))
    assert "\n" not in str(raised.value)
