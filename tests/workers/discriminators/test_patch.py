from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.errors import InvalidInput
from workers.discriminators.patch import PatchDiscriminator
from workers.layers.spectral import without_spectral_norm
from workers.training.objectives import ADVERSARIAL

ORACLE = Path(__file__).parents[2] / "fixtures" / "gan_compression" / "distill_losses_resnet.npz"


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(ORACLE)


def tensors(recorded: Any, prefix: str) -> dict[str, Tensor]:
    keys = [key for key in recorded.files if key.startswith(prefix)]
    return {key.removeprefix(prefix): torch.from_numpy(recorded[key]) for key in keys}


@pytest.mark.parametrize(("setting", "mode"), [("unaligned", "lsgan"), ("aligned", "hinge")])
def test_published_weights_load_and_give_the_recorded_losses(
    recorded: Any, setting: str, mode: str
) -> None:
    pairs = setting == "aligned"
    discriminator = PatchDiscriminator(6 if pairs else 3, base_channels=8)
    discriminator.load_state_dict(tensors(recorded, f"D_{setting}/"))
    source, real, fake = (torch.from_numpy(recorded[k]) for k in ("real_A", "real_B", "Sfake_B"))

    def judged(image: Tensor) -> Tensor:
        logits: Tensor = discriminator(torch.cat([source, image], 1) if pairs else image)
        return logits

    loss = ADVERSARIAL[mode]
    for value, name in (
        (loss.fake(judged(fake)), "loss_D_fake"),
        (loss.real(judged(real)), "loss_D_real"),
        (loss.generator(judged(fake)), "loss_G_gan"),
    ):
        expected = torch.tensor(float(recorded[f"{setting}/{name}"]))
        assert_close(value.detach(), expected, atol=1e-5, rtol=0)


def test_gradients_as_recorded(recorded: Any) -> None:
    discriminator = PatchDiscriminator(3, base_channels=8)
    discriminator.load_state_dict(tensors(recorded, "D_unaligned/"))
    real, fake = (torch.from_numpy(recorded[key]) for key in ("real_B", "Sfake_B"))
    loss = ADVERSARIAL["lsgan"]
    both = 0.5 * (loss.fake(discriminator(fake)) + loss.real(discriminator(real)))
    names, weights = zip(*discriminator.named_parameters(), strict=True)
    for name, gradient in zip(names, torch.autograd.grad(both, weights), strict=True):
        expected = torch.tensor(float(recorded[f"unaligned/gradnorm/D/{name}"]))
        assert_close(gradient.norm(), expected, atol=1e-4, rtol=1e-4)


def test_the_published_size() -> None:
    discriminator = PatchDiscriminator(6, base_channels=128)
    assert sum(p.numel() for p in discriminator.parameters()) == 11_040_641
    assert PatchDiscriminator(3, base_channels=4)(torch.zeros(1, 3, 256, 256)).shape[2:] == (30, 30)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_the_smallest_image_is_judged_and_one_smaller_refused(layers: int) -> None:
    discriminator = PatchDiscriminator(3, base_channels=2, layers=layers)
    smallest = 3 << layers
    assert discriminator(torch.rand(1, 3, smallest, smallest)).shape == (1, 1, 1, 1)
    with pytest.raises(InvalidInput, match=f"sides from {smallest}"):
        discriminator(torch.rand(1, 3, smallest, smallest - 1))


def test_pairs_where_images_are_judged_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"takes \(n, 3, h, w\)"):
        PatchDiscriminator(3, base_channels=2)(torch.zeros(1, 6, 64, 64))


def test_every_convolution_but_the_last_is_normalised_where_asked() -> None:
    spectral = PatchDiscriminator(3, base_channels=4, spectral=True).eval()
    raw = {key for key in spectral.state_dict() if key.endswith("weight_orig")}
    assert raw == {f"model.{i}.weight_orig" for i in (0, 2, 5, 8)}
    plain = PatchDiscriminator(3, base_channels=4)
    plain.load_state_dict(without_spectral_norm(spectral.state_dict()))
    images = torch.rand(2, 3, 32, 32)
    assert_close(plain(images), spectral(images))
