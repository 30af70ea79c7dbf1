from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.errors import InvalidInput
from workers.discriminators.multiscale import MultiScaleDiscriminator

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gan_compression"


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(FIXTURES / "spade_full_teacher_and_losses.npz")


def published(recorded: Any) -> MultiScaleDiscriminator:
    discriminator = MultiScaleDiscriminator(8, base_channels=8)
    keys = [key for key in recorded.files if key.startswith("D/")]
    state = {key.removeprefix("D/"): torch.from_numpy(recorded[key]) for key in keys}
    discriminator.load_state_dict(state)
    return discriminator.eval()


def images(sides: tuple[int, int] = (64, 128)) -> Tensor:
    return torch.randn(2, 8, *sides, generator=torch.Generator().manual_seed(1))


def test_published_weights_load_and_give_the_recorded_logits_of_real_images(recorded: Any) -> None:
    source, real = torch.from_numpy(recorded["x"]).float(), torch.from_numpy(recorded["real_B"])
    with torch.no_grad():
        scales = published(recorded)(torch.cat([source, real], 1))
    for i, scale in enumerate(scales):
        # The record is of a batch of generated images followed by these.
        expected = torch.from_numpy(recorded[f"D_out/{i}/last"][2:])
        assert_close(scale[-1], expected, atol=1e-4, rtol=0)


def test_each_scale_gives_every_layer_and_the_next_sees_half_the_side(recorded: Any) -> None:
    scales = published(recorded)(images())
    assert [[tuple(layer.shape[1:]) for layer in scale] for scale in scales] == [
        [(8, 33, 65), (16, 17, 33), (32, 9, 17), (64, 10, 18), (1, 11, 19)],
        [(8, 17, 33), (16, 9, 17), (32, 5, 9), (64, 6, 10), (1, 7, 11)],
    ]


def test_the_second_scale_is_the_first_on_a_shrunk_image(recorded: Any) -> None:
    discriminator = published(recorded)
    first, second = discriminator.children()
    second.load_state_dict(first.state_dict())
    flat = torch.full((1, 8, 64, 64), 0.3)  # shrinks to itself, borders too
    on_half = discriminator(flat[:, :, :32, :32])
    for small, large in zip(on_half[0], discriminator(flat)[1], strict=True):
        assert_close(small, large)


def test_every_further_scale_halves_again() -> None:
    discriminator = MultiScaleDiscriminator(3, base_channels=2, scales=3)
    scales = discriminator(torch.rand(1, 3, 64, 64))
    assert [scale[0].shape[2] for scale in scales] == [33, 17, 9]


def test_images_of_a_batch_are_judged_apart(recorded: Any) -> None:
    discriminator, batch = published(recorded), images()
    alone = discriminator(batch[1:])
    for scale, scale_alone in zip(discriminator(batch), alone, strict=True):
        for layer, layer_alone in zip(scale, scale_alone, strict=True):
            assert_close(layer[1:], layer_alone)


def test_training_refines_the_spectral_norm_and_evaluation_does_not(recorded: Any) -> None:
    discriminator = published(recorded)

    def vectors() -> list[Tensor]:
        state = discriminator.state_dict()
        return [tensor.clone() for key, tensor in state.items() if key.endswith("weight_u")]

    before = vectors()
    discriminator(images())
    assert all(torch.equal(a, b) for a, b in zip(before, vectors(), strict=True))
    discriminator.train()(images())
    assert not any(torch.equal(a, b) for a, b in zip(before, vectors(), strict=True))


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_the_smallest_image_is_judged_and_one_smaller_refused(scales: int) -> None:
    discriminator = MultiScaleDiscriminator(3, base_channels=2, scales=scales)
    smallest = 2**scales
    assert len(discriminator(torch.rand(1, 3, smallest, smallest))) == scales
    with pytest.raises(InvalidInput, match=f"sides from {smallest}"):
        discriminator(torch.rand(1, 3, smallest - 1, smallest))


def test_without_spectral_norm_the_weights_are_plain() -> None:
    state = MultiScaleDiscriminator(3, base_channels=2, spectral=False).state_dict()
    assert "discriminator_1.model3.0.0.weight" in state
    assert not any("weight_orig" in key for key in state)
