"""Where the augmentation goes, against losses and gradients of the published one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from search_service.recipes.augment import PLACEMENTS, Augment
from workers.training import augmented
from workers.training.augmented import PLACES, Augmented
from workers.training.diffaugment import Color, Cutout, Drawn, Translation
from workers.training.losses import r1_penalty

CASES = np.load(Path(__file__).parents[2] / "fixtures" / "diffaugment" / "cases.npz")
POLICY = "color,translation,cutout"
RECORDED = {
    "none": "none",
    "reals": "reals_only",
    "discriminator": "d_only",
    "all": "diffaugment",
}
CLOSE: dict[str, Any] = {"rtol": 1e-5, "atol": 2e-7}


def stored(key: str) -> Tensor:
    return torch.from_numpy(CASES[key])


def recorded_numbers(where: str) -> list[Drawn]:
    p = {name: stored(f"place.p.{where}.{name}") for name in ("brightness", "saturation")}
    return [
        Color(**p, contrast=stored(f"place.p.{where}.contrast")),
        Translation(
            rows=stored(f"place.p.{where}.shift_row"), columns=stored(f"place.p.{where}.shift_col")
        ),
        Cutout(rows=stored(f"place.p.{where}.cut_row"), columns=stored(f"place.p.{where}.cut_col")),
    ]


@pytest.fixture
def weights() -> tuple[Tensor, Tensor]:
    """Of the toy generator and the toy discriminator."""
    return stored("place.Wg").requires_grad_(), stored("place.wd").requires_grad_()


def sight(
    monkeypatch: pytest.MonkeyPatch, wd: Tensor, placement: str, numbers: list[str]
) -> Augmented[Tensor]:
    """The toy discriminator, with recorded numbers in the order in which they are asked for."""
    coming = iter(numbers)
    monkeypatch.setattr(augmented, "draw", lambda *_: recorded_numbers(next(coming)))

    def critic(v: Tensor) -> Tensor:
        return (wd * F.leaky_relu(v.flatten(1), 0.5)).sum(1)

    return Augmented(critic, Augment(policy=POLICY, placement=placement), torch.Generator())


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_losses_and_gradients_are_those_of_the_published_program(
    monkeypatch: pytest.MonkeyPatch, weights: tuple[Tensor, Tensor], placement: str
) -> None:
    wg, wd = weights
    key = f"place.{RECORDED[placement]}"
    fake = torch.tanh(stored("place.z") @ wg).view(4, 3, 16, 16)
    used = [n for n, on in zip(("real", "fake", "gstep"), PLACES[placement], strict=True) if on]
    critic = sight(monkeypatch, wd, placement, used)
    on_real, on_fake = critic.on_real(stored("place.xr")), critic.on_fake(fake.detach())
    loss_d = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
    assert_close(loss_d, stored(f"{key}.lossD"), **CLOSE)
    assert_close(torch.autograd.grad(loss_d, wd)[0], stored(f"{key}.gD"), **CLOSE)
    loss_g = F.softplus(-critic.on_generated(fake)).mean()
    assert_close(loss_g, stored(f"{key}.lossG"), **CLOSE)
    assert_close(torch.autograd.grad(loss_g, wg)[0], stored(f"{key}.gG"), **CLOSE)


@pytest.mark.parametrize("variant", ["pre", "post"])
def test_r1_before_and_after_the_augmentation_is_the_published_one(
    monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    wd = stored("place.wd").requires_grad_()
    monkeypatch.setattr(augmented, "draw", lambda *_: recorded_numbers("real"))

    def critic(v: Tensor) -> Tensor:
        return (wd * torch.tanh(1.3 * v.flatten(1))).sum(1)

    seen = Augmented(critic, Augment(policy=POLICY), torch.Generator())
    real = stored("place.xr")
    if variant == "pre":
        real.requires_grad_()
        penalty = r1_penalty(real, seen.on_real(real))
    else:
        shown = seen.shown_real(real).requires_grad_()
        penalty = r1_penalty(shown, critic(shown))
    assert_close(penalty, stored(f"r1.{variant}").mean(), rtol=1e-5, atol=0.0)
    assert_close(
        torch.autograd.grad(penalty, wd)[0], stored(f"r1.{variant}.gD"), rtol=1e-4, atol=1e-6
    )


def shown(placement: str, policy: str = POLICY) -> list[bool]:
    """Whether the images of each kind were changed on their way."""
    critic: Augmented[Tensor] = Augmented(
        nn.Identity(), Augment(policy=policy, placement=placement), torch.Generator()
    )
    images = torch.rand(4, 1, 8, 8)
    kinds = (critic.on_real, critic.on_fake, critic.on_generated)
    return [not torch.equal(kind(images), images) for kind in kinds]


def test_each_placement_is_where_its_name_says() -> None:
    assert shown("none") == [False, False, False]
    assert shown("reals") == [True, False, False]
    assert shown("discriminator") == [True, True, False]
    assert shown("all") == [True, True, True]
    assert shown("all", policy="") == [False, False, False]


def test_every_look_draws_afresh_and_hands_on_the_rest() -> None:
    seen: list[tuple[Tensor, object, object]] = []

    def critic(images: Tensor, code: object, *, labels: object) -> Tensor:
        seen.append((images, code, labels))
        return images

    wrapped = Augmented(critic, Augment(policy="translation"), torch.Generator())
    images = torch.rand(8, 1, 16, 16)
    wrapped.on_real(images, "code", labels="labels")
    wrapped.on_fake(images, "code", labels="labels")
    assert not torch.equal(seen[0][0], seen[1][0])
    assert [rest for _, *rest in seen] == [["code", "labels"]] * 2


def test_only_the_images_own_channels_are_coloured() -> None:
    wrapped: Augmented[Tensor] = Augmented(
        nn.Identity(), Augment(policy="color"), torch.Generator(), image_channels=1
    )
    images = torch.rand(4, 3, 8, 8)
    for look in (wrapped.on_real, wrapped.on_fake, wrapped.on_generated):
        y = look(images)
        assert torch.equal(y[:, :2], images[:, :2])
        assert not torch.equal(y[:, 2:], images[:, 2:])


def test_recipes_know_every_placement() -> None:
    assert tuple(PLACES) == PLACEMENTS
