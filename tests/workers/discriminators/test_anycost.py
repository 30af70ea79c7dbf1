"""The discriminators against logits, features and R1 recorded from the official program."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.errors import InvalidInput
from workers.checkpoints import load_weights
from workers.discriminators.anycost import (
    AnycostDiscriminator,
    DiscriminatorSize,
    PlainDiscriminator,
    architecture_code,
)
from workers.layers.minibatch import append_minibatch_std
from workers.training.losses import r1_penalty

ORACLE = Path(__file__).parents[2] / "fixtures" / "anycost"
SIZE = DiscriminatorSize(resolution=64, channel_multiplier=1 / 32, channel_max=64)


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(ORACLE / "d64_cases.npz")


@pytest.fixture(scope="module")
def conditioned() -> AnycostDiscriminator:
    discriminator = AnycostDiscriminator(SIZE, code_size=40)
    load_weights(discriminator, ORACLE / "d64_cond_state.safetensors")
    return discriminator


def tensor(recorded: Any, name: str) -> Tensor:
    return torch.from_numpy(recorded[name])


def code(recorded: Any, name: str) -> Tensor:
    return architecture_code(recorded[f"ratios.{name}"].tolist())


def assert_logits(logits: Tensor, recorded: Any, name: str) -> None:
    assert_close(logits, tensor(recorded, name), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["all1", "all025", "mix"])
def test_the_code_of_an_architecture(recorded: Any, name: str) -> None:
    assert torch.equal(code(recorded, name), tensor(recorded, f"g_arch.{name}"))


@pytest.mark.parametrize("side", [8, 16, 32, 64])
@pytest.mark.parametrize("case", ["all1.b8", "all025.b8", "mix.b8", "mix.b4", "mix.b2", "mix.b1"])
@torch.no_grad()
def test_conditioned_logits(
    conditioned: AnycostDiscriminator, recorded: Any, side: int, case: str
) -> None:
    name, batch = case.split(".b")
    images = tensor(recorded, f"img{side}")[: int(batch)]
    logits = conditioned(images, code(recorded, name))
    assert_logits(logits, recorded, f"cond.{name}.img{side}.b{batch}")


@torch.no_grad()
def test_the_logits_of_the_recorded_losses(
    conditioned: AnycostDiscriminator, recorded: Any
) -> None:
    images = tensor(recorded, "img32")
    real = conditioned(images[:4], code(recorded, "mix"))
    fake = conditioned(images[4:], code(recorded, "all025"))
    assert_logits(real, recorded, "loss.real_pred")
    assert_logits(fake, recorded, "loss.fake_pred")


@pytest.mark.parametrize("side", [8, 16, 32, 64])
@pytest.mark.parametrize("batch", [8, 2])
@torch.no_grad()
def test_multi_resolution_logits(recorded: Any, side: int, batch: int) -> None:
    discriminator = AnycostDiscriminator(SIZE)
    load_weights(discriminator, ORACLE / "d64_multires_state.safetensors")
    logits = discriminator(tensor(recorded, f"img{side}")[:batch])
    assert_logits(logits, recorded, f"multires.img{side}.b{batch}")


@pytest.mark.parametrize("batch", [8, 2])
@torch.no_grad()
def test_plain_logits(recorded: Any, batch: int) -> None:
    discriminator = PlainDiscriminator(SIZE)
    load_weights(discriminator, ORACLE / "d64_plain_state.safetensors")
    assert_logits(
        discriminator(tensor(recorded, "img64")[:batch]), recorded, f"plain.img64.b{batch}"
    )


@torch.no_grad()
def test_the_features_after_every_block(conditioned: AnycostDiscriminator, recorded: Any) -> None:
    x = conditioned.convs[0](tensor(recorded, "img64")[:4])
    for i, block in enumerate(conditioned.blocks):
        x = block(x, code(recorded, "mix"))
        expected = tensor(recorded, f"act.cond.mix.img64.b4.block{i}")
        assert_close(x, expected, atol=2e-5, rtol=1e-4)
    statistic = append_minibatch_std(x)[:, -1:]
    expected = tensor(recorded, "act.cond.mix.img64.b4.mbstd")
    assert_close(statistic, expected, atol=2e-5, rtol=1e-4)


def test_r1_and_its_gradients(conditioned: AnycostDiscriminator, recorded: Any) -> None:
    images = tensor(recorded, "img32")[:4].requires_grad_()
    penalty = r1_penalty(images, conditioned(images, code(recorded, "mix")))
    assert_close(penalty, tensor(recorded, "loss.r1_img32_b4_mix"), atol=0, rtol=1e-4)
    names = ["blocks.3.conv1.0.weight", "blocks.3.conv1.1.weight_mapping.weight"]
    parameters = [conditioned.get_parameter(name) for name in names]
    weight, mapping = torch.autograd.grad(penalty, parameters)
    for gradient, name in ((weight[:4, :4], names[0]), (mapping[:4], names[1])):
        expected = tensor(recorded, f"grad.r1.{name}")
        assert (gradient - expected).abs().max() <= 1e-4 * expected.abs().max()


def test_a_side_without_an_entry_is_refused() -> None:
    with pytest.raises(InvalidInput, match="image side must be one of 64, 32, got 16"):
        AnycostDiscriminator(SIZE, levels=2)(torch.randn(4, 3, 16, 16))


@pytest.mark.parametrize("given", [None, torch.zeros(32)])
def test_a_missing_or_wrong_code_is_refused(given: Tensor | None) -> None:
    with pytest.raises(InvalidInput, match="architecture code must have 40 numbers"):
        AnycostDiscriminator(SIZE, code_size=40)(torch.randn(4, 3, 64, 64), given)


@pytest.fixture
def labelled() -> AnycostDiscriminator:
    torch.manual_seed(0)
    return AnycostDiscriminator(SIZE, classes=3)


@torch.no_grad()
def test_a_label_adds_the_projection_of_the_features(labelled: AnycostDiscriminator) -> None:
    features: list[Tensor] = []
    layer = labelled.final_linear[0]
    layer.register_forward_hook(lambda _module, _inputs, output: features.append(output.clone()))
    images = torch.randn(4, 3, 64, 64)
    one, other = torch.tensor([0, 1, 2, 2]), torch.tensor([1, 1, 0, 2])
    gap = labelled(images, labels=one) - labelled(images, labels=other)
    weight = labelled.projection.weight
    expected = (features[0] * (weight[one] - weight[other])).sum(1, keepdim=True)
    assert_close(gap, expected / weight.shape[1] ** 0.5, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_classes_change_nothing_but_for_the_projection(labelled: AnycostDiscriminator) -> None:
    state = labelled.state_dict()
    zeros = torch.zeros_like(state.pop("projection.weight"))
    plain = AnycostDiscriminator(SIZE)
    plain.load_state_dict(state)
    images, labels = torch.randn(4, 3, 16, 16), torch.tensor([0, 1, 2, 2])
    labelled.projection.weight.copy_(zeros)
    assert torch.equal(labelled(images, labels=labels), plain(images))


def test_labels_are_wanted_where_there_are_classes_and_only_there(
    labelled: AnycostDiscriminator,
) -> None:
    images = torch.randn(4, 3, 64, 64)
    with pytest.raises(InvalidInput, match="takes labels of 3 classes"):
        labelled(images)
    with pytest.raises(InvalidInput, match="takes no labels"):
        PlainDiscriminator(SIZE)(images, labels=torch.zeros(4, dtype=torch.int64))


def test_every_weight_takes_part_in_the_verdict(conditioned: AnycostDiscriminator) -> None:
    images = [torch.randn(4, 3, side, side) for side in (8, 16, 32, 64)]
    logits = torch.cat([conditioned(each, torch.ones(40)) for each in images])
    gradients = torch.autograd.grad(logits.sum(), list(conditioned.parameters()))
    assert all(gradient.abs().max() > 0 for gradient in gradients)
