import pytest
import torch
from torch import Tensor

from workers.supernets.gan_compression.batches import PART, run_in_parts

CHANNELS, SIDE = 8, 256
FITTING = PART // (CHANNELS * SIDE * SIDE)


def batch(images: int) -> Tensor:
    return torch.rand(images, 1, SIDE, SIDE)


class Doubling:
    """Doubles what it is given, and keeps how many images came at a time."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        return 2 * x


@pytest.mark.parametrize(
    ("images", "parts"),
    [(1, [1]), (FITTING, [FITTING]), (2 * FITTING + 1, [FITTING, FITTING, 1])],
)
@torch.no_grad()
def test_a_batch_is_run_whole_or_in_parts_that_fit_and_comes_in_order(
    images: int, parts: list[int]
) -> None:
    run, x = Doubling(), batch(images)
    assert torch.equal(run_in_parts(run, x, CHANNELS), 2 * x)
    assert run.seen == parts


@torch.no_grad()
def test_an_image_that_does_not_fit_is_run_alone() -> None:
    x = batch(3)
    assert torch.equal(run_in_parts(torch.neg, x, PART), -x)


def test_a_batch_of_which_gradients_are_kept_is_run_whole() -> None:
    run = Doubling()
    run_in_parts(run, batch(2 * FITTING), CHANNELS)
    assert run.seen == [2 * FITTING]
