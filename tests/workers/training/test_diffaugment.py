"""Against the published program, and the laws that follow from what each transform is."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from workers.training import diffaugment
from workers.training.diffaugment import (
    Color,
    Cutout,
    Drawn,
    Translation,
    apply,
    brightened,
    contrasted,
    draw,
    saturated,
    window_side,
)

CASES = np.load(Path(__file__).parents[2] / "fixtures" / "diffaugment" / "cases.npz")
EXACT = {"translation", "cutout"}
STEPS = {"brightness": brightened, "saturation": saturated, "contrast": contrasted}
RECORDED = [
    (key[0], key[2:-2]) for key in CASES.files if key[:2] in ("a.", "b.") and key.endswith(".y")
]
POLICIES = [p for n in (1, 2, 3) for p in permutations(("color", "translation", "cutout"), n)]


def stored(key: str) -> Tensor:
    return torch.from_numpy(CASES[key])


def drawn_by(prefix: str) -> dict[str, Drawn]:
    """The transforms with the numbers under this key, as far as they are there."""

    def numbers(*names: str) -> list[Tensor]:
        return [stored(f"{prefix}.p.{name}") for name in names]

    found: dict[str, Drawn] = {}
    if f"{prefix}.p.contrast" in CASES and f"{prefix}.p.brightness" in CASES:
        b, s, c = numbers("brightness", "saturation", "contrast")
        found["color"] = Color(brightness=b, saturation=s, contrast=c)
    if f"{prefix}.p.shift_row" in CASES:
        rows, columns = numbers("shift_row", "shift_col")
        found["translation"] = Translation(rows=rows, columns=columns)
    if f"{prefix}.p.cut_row" in CASES:
        rows, columns = numbers("cut_row", "cut_col")
        found["cutout"] = Cutout(rows=rows, columns=columns)
    return found


def compare(case: str, policy: str, x: Tensor, y: Tensor) -> None:
    exact = set(policy.split("+")) <= EXACT
    tolerance: dict[str, Any] = {"rtol": 0.0, "atol": 0.0 if exact else 1e-6}
    assert_close(y, stored(f"{case}.{policy}.y"), **tolerance)
    (stored(f"{case}.w") * y).sum().backward()  # type: ignore[no-untyped-call]
    assert_close(x.grad, stored(f"{case}.{policy}.gx"), **tolerance)


@pytest.mark.parametrize(("case", "policy"), RECORDED)
def test_the_published_numbers_give_the_published_images_and_gradients(
    case: str, policy: str
) -> None:
    x = stored(f"{case}.x").requires_grad_()
    if policy in STEPS:
        y = STEPS[policy](x, stored(f"{case}.{policy}.p.{policy}"))
    else:
        transforms = drawn_by(f"{case}.{policy}")
        y = apply([transforms[name] for name in policy.split("+")], x)
    compare(case, policy, x, y)


@pytest.mark.parametrize(("case", "policy"), [pair for pair in RECORDED if pair[1] not in STEPS])
def test_the_published_seed_gives_the_published_numbers(case: str, policy: str) -> None:
    x = stored(f"{case}.x").requires_grad_()
    rng = torch.Generator().manual_seed(int(CASES[f"{case}.seed"]))
    compare(case, policy, x, apply(draw(policy.split("+"), x, rng), x))


def random_images(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def rng_of(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


sides = st.integers(4, 21)
channels = st.sampled_from([1, 3])


@given(st.sampled_from(POLICIES), sides, sides, channels, st.integers(0, 9))
def test_a_drawn_transform_is_affine_in_the_images(
    policy: tuple[str, ...], height: int, width: int, channels: int, seed: int
) -> None:
    u, v = random_images(2, 3, channels, height, width, seed=seed)
    drawn = draw(policy, u, rng_of(seed))
    both = apply(drawn, u + v) + apply(drawn, torch.zeros_like(u))
    assert_close(apply(drawn, u) + apply(drawn, v), both, rtol=0.0, atol=3e-6)


@given(channels, st.integers(0, 9))
def test_gradients_are_those_of_the_formulas(channels: int, seed: int) -> None:
    x, w = random_images(2, 2, channels, 5, 6, seed=seed)
    x.requires_grad_()
    factor = torch.tensor([0.25, 1.75])

    def gradient(y: Tensor) -> Tensor:
        found: Tensor = torch.autograd.grad((w * y).sum(), x)[0]
        return found

    f = factor[:, None, None, None]
    assert_close(gradient(brightened(x, factor)), w)
    assert_close(gradient(saturated(x, factor)), f * w + (1 - f) * w.mean(1, keepdim=True))
    means = w.mean((1, 2, 3), keepdim=True)
    assert_close(gradient(contrasted(x, factor)), f * w + (1 - f) * means)
    moved = Translation(rows=torch.tensor([1, 0]), columns=torch.tensor([0, -2]))(x)
    back = torch.zeros_like(w)
    back[0, :, 1:], back[1, :, :, :-2] = w[0, :, :-1], w[1, :, :, 2:]
    assert torch.equal(gradient(moved), back)
    rows, columns = torch.tensor([0, 5]), torch.tensor([3, 6])
    cut = gradient(Cutout(rows=rows, columns=columns)(x))  # windows of 3 x 3
    outside = torch.ones(2, 1, 5, 6)
    outside[0, :, 0:2, 2:5], outside[1, :, 4:, 5:] = 0, 0
    assert torch.equal(cut, w * outside)


@given(channels, sides, st.integers(0, 9))
def test_colour_moves_the_mean_of_an_image_by_its_brightness(
    channels: int, side: int, seed: int
) -> None:
    x = random_images(4, channels, side, side, seed=seed).double()
    (drawn,) = draw(["color"], x, rng_of(seed))
    assert isinstance(drawn, Color)
    moved = drawn(x).mean((1, 2, 3)) - x.mean((1, 2, 3))
    assert_close(moved, drawn.brightness, rtol=0.0, atol=1e-12)


@given(st.sampled_from([p for p in POLICIES if "color" not in p]), sides, sides, st.integers(0, 9))
def test_moved_and_cut_images_hold_their_own_values_or_zero(
    policy: tuple[str, ...], height: int, width: int, seed: int
) -> None:
    count = 3 * height * width
    x = torch.arange(1.0, count + 1).view(1, 3, height, width)  # each value once
    y = apply(draw(policy, x, rng_of(seed)), x)
    kept = y[y != 0]
    assert len(set(kept.tolist())) == len(kept)
    assert bool(torch.isin(kept, x).all())


def test_what_is_drawn_has_the_published_moments_and_ends() -> None:
    x = torch.zeros(200_000, 1, 1, 1).expand(-1, 3, 32, 32)
    color, translation, cutout = draw(["color", "translation", "cutout"], x, rng_of(0))
    assert isinstance(color, Color)
    assert isinstance(translation, Translation)
    assert isinstance(cutout, Cutout)
    for numbers, mean, variance in (
        (color.brightness, 0, 1 / 12),
        (color.saturation, 1, 1 / 3),
        (color.contrast, 1, 1 / 12),
    ):
        assert float(numbers.mean()) == pytest.approx(mean, abs=0.004)
        assert float(numbers.var()) == pytest.approx(variance, rel=0.01)
    for whole, least, most in ((translation, -4, 4), (cutout, 0, 32)):
        for numbers in (whole.rows, whole.columns):
            assert (int(numbers.min()), int(numbers.max())) == (least, most)
            counts = (numbers - least).bincount()
            assert float(counts.max() / counts.min()) < 1.15  # each as likely as the others


def test_corners_and_the_centre_survive_as_often_as_they_should() -> None:
    """Every pair of numbers that can be drawn at 32 pixels, each once."""

    def kept(kind: type[Translation] | type[Cutout], numbers: range) -> Tensor:
        rows, columns = torch.cartesian_prod(torch.tensor(numbers), torch.tensor(numbers)).T
        moved = kind(rows=rows, columns=columns)(torch.ones(len(rows), 1, 32, 32))
        return moved.mean((0, 1))

    moved, cut = kept(Translation, range(-4, 5)), kept(Cutout, range(33))
    assert_close(moved[16, 16].item(), 1.0)
    assert_close(moved[0, 0].item(), (5 / 9) ** 2)
    assert_close(1 - cut[16, 16].item(), (16 / 33) ** 2)
    assert_close(1 - cut[0, 0].item(), (9 / 33) ** 2)
    assert moved.mean().item() == pytest.approx(0.8659, abs=1e-4)
    assert cut.mean().item() == pytest.approx(0.8135, abs=1e-4)


@pytest.mark.parametrize(
    ("side", "reach", "window"), [(4, 1, 2), (17, 2, 9), (32, 4, 16), (64, 8, 32), (256, 32, 128)]
)
def test_reach_and_window_go_with_the_side(side: int, reach: int, window: int) -> None:
    x = torch.zeros(5000, 1, 1, 1).expand(-1, 1, side, side)
    translation, cutout = draw(["translation", "cutout"], x, rng_of(0))
    assert isinstance(translation, Translation)
    assert isinstance(cutout, Cutout)
    assert (int(translation.rows.min()), int(translation.rows.max())) == (-reach, reach)
    assert window_side(side) == window
    assert (int(cutout.rows.min()), int(cutout.rows.max())) == (0, side - window % 2)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("channels", [1, 3])
def test_memory_order_changes_no_value_and_is_kept(policy: tuple[str, ...], channels: int) -> None:
    x = random_images(3, channels, 8, 10)
    last = x.contiguous(memory_format=torch.channels_last)
    drawn = draw(policy, x, rng_of(1))
    plain, other = apply(drawn, x), apply(drawn, last)
    assert_close(other, plain, rtol=0.0, atol=5e-7)
    assert plain.is_contiguous()
    assert other.is_contiguous(memory_format=torch.channels_last)


def test_every_image_draws_its_own_numbers() -> None:
    x = random_images(1, 3, 16, 16).expand(8, -1, -1, -1)
    for name in ("color", "translation", "cutout"):
        y = apply(draw([name], x, rng_of(0)), x)
        assert len({tuple(image.tolist()) for image in y.flatten(1)}) > 5


def test_the_empty_policy_draws_nothing_and_changes_nothing() -> None:
    x, rng = random_images(2, 1, 8, 8), rng_of(0)
    before = rng.get_state()
    assert apply(draw([], x, rng), x) is x
    assert torch.equal(rng.get_state(), before)


def test_grey_images_draw_a_saturation_that_they_do_not_show() -> None:
    grey, rng, other = random_images(4, 1, 8, 8), rng_of(0), rng_of(0)
    draw(["color"], grey, rng)
    torch.rand(12, generator=other)
    assert torch.equal(rng.get_state(), other.get_state())
    assert_close(saturated(grey, torch.full((4,), 1.9)), grey)


def test_half_precision_is_widened_before_anything_is_drawn_or_summed() -> None:
    x = random_images(4, 3, 8, 8)
    rough = x.bfloat16()
    drawn, same = (draw(["color"], images, rng_of(0)) for images in (rough, x))
    assert apply(drawn, rough).dtype == torch.float32
    assert torch.equal(apply(drawn, rough), apply(same, rough.float()))


def test_what_an_image_was_made_from_moves_with_it_and_keeps_its_colours() -> None:
    x = random_images(4, 5, 16, 16)  # two channels of input, three of image
    drawn = draw(["color", "translation", "cutout"], x, rng_of(0))
    y = apply(drawn, x, coloured=3)
    assert torch.equal(y[:, :2], apply(drawn[1:], x[:, :2]))
    assert torch.equal(y[:, 2:], apply(drawn, x[:, 2:].contiguous()))


def test_several_processes_draw_what_one_would_for_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = random_images(6, 3, 8, 8)
    policy = ["color", "translation", "cutout"]
    whole = apply(draw(policy, x, rng_of(0)), x)
    monkeypatch.setattr(diffaugment, "processes", lambda: 2)
    for rank in (0, 1):
        monkeypatch.setattr(diffaugment, "mine", lambda batch, rank=rank: batch[rank::2])
        part = x[rank::2]
        assert_close(apply(draw(policy, part, rng_of(0)), part), whole[rank::2])


def test_nothing_is_clipped() -> None:
    x = torch.ones(64, 1, 4, 4)
    assert float(apply(draw(["color"], x, rng_of(0)), x).max()) > 1.2
