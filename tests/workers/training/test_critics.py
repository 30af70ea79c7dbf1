import pytest
import torch
from torch import nn
from torch.testing import assert_close

from workers.discriminators.patch import PatchDiscriminator
from workers.training.critics import critic_loss
from workers.training.draws import Draws
from workers.training.objectives import ADVERSARIAL


@pytest.mark.parametrize("mode", sorted(ADVERSARIAL))
def test_the_parts_add_up(mode: str) -> None:
    loss = ADVERSARIAL[mode]
    critic = PatchDiscriminator(1, base_channels=2, layers=1)
    real, fake = torch.randn(2, 3, 1, 8, 8)
    total, parts = critic_loss(critic, real, fake, loss, Draws(0, 0))
    assert parts["discriminator"] == total.item()
    penalty = loss.penalty * parts.get("penalty", 0.0)
    assert (parts["real"] + parts["fake"]) / 2 + penalty == pytest.approx(total.item())
    assert ("penalty" in parts) == (mode == "wgangp")


def test_it_leaves_the_generator_alone() -> None:
    critic, generator = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 1)
    images = torch.randn(2, 1, 8, 8)
    total, _ = critic_loss(critic, images, generator(images), ADVERSARIAL["wgangp"], Draws(0, 0))
    torch.autograd.backward(total)
    assert generator.weight.grad is None
    assert critic.weight.grad is not None


def test_half_precision_is_left_before_the_loss() -> None:
    critic = nn.Conv2d(1, 1, 3)
    real, fake = torch.randn(2, 3, 1, 8, 8)
    exact, _ = critic_loss(critic, real, fake, ADVERSARIAL["hinge"], Draws(0, 0))
    with torch.autocast("cpu", torch.bfloat16):
        rough, _ = critic_loss(critic, real, fake, ADVERSARIAL["hinge"], Draws(0, 0))
    assert rough.dtype == torch.float32
    assert_close(rough, exact, atol=0.02, rtol=0)
