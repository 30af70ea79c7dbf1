from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service import spaces
from search_service.recipes.compression import Weights
from search_service.spaces.gan_compression import GanCompressionParameters, GanCompressionSpace
from workers.discriminators.patch import PatchDiscriminator
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.resnet_generator import dense_teacher
from workers.training.critics import critic_loss
from workers.training.distances import DISTANCES
from workers.training.distillation import Projections, mapped_layers
from workers.training.draws import Draws
from workers.training.objectives import ADVERSARIAL
from workers.training.student_loss import Lesson, StudentLoss

ORACLE = Path(__file__).parents[2] / "fixtures" / "gan_compression"
CONFIG = "8_12_16_4_12_8_8_4"
LAYERS = mapped_layers(9)
SETTINGS = {
    "unaligned": ("lsgan", Weights(adversarial=1, reconstruction=10, distillation=0.01)),
    "aligned": ("hinge", Weights(adversarial=1, reconstruction=100, distillation=1)),
}


def weights_under(file: Any, prefix: str) -> dict[str, Tensor]:
    names = [name for name in file.files if name.startswith(f"{prefix}/")]
    return {name[len(prefix) + 1 :]: torch.from_numpy(file[name]) for name in names}


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(ORACLE / "distill_losses_resnet.npz")


@pytest.fixture
def student() -> ResnetSupernet:
    widths = {4, 8, 12, 16}
    space = spaces.build(
        "gan-compression",
        {"base_channels": 16, "image_size": 64, "channels": [sorted(widths)] * 8},
    )
    assert isinstance(space, GanCompressionSpace)
    supernet = ResnetSupernet(space)
    supernet.load_state_dict(weights_under(np.load(ORACLE / "resnet_super_ngf16.npz"), "sd"))
    return supernet


@pytest.mark.parametrize("setting", SETTINGS)
def test_losses_and_gradients_as_recorded(
    recorded: Any, student: ResnetSupernet, setting: str
) -> None:
    mode, weights = SETTINGS[setting]
    paired = setting == "aligned"
    teacher = dense_teacher(GanCompressionParameters(base_channels=8, image_size=64))
    teacher.load_state_dict(weights_under(np.load(ORACLE / "resnet_full_ngf8.npz"), "sd"))
    critic = PatchDiscriminator(6 if paired else 3, base_channels=8)
    critic.load_state_dict(weights_under(recorded, f"D_{setting}"))
    projections = Projections(dict.fromkeys(LAYERS, (64, 32)))
    for i, layer in enumerate(projections.layers):
        layer.load_state_dict(weights_under(recorded, f"netA{i}"))
    loss = StudentLoss(
        weights=weights,
        adversarial=ADVERSARIAL[mode],
        distance=DISTANCES["l1"],
        projections=projections,
    )
    x, real = (torch.from_numpy(recorded[name]) for name in ("real_A", "real_B"))

    def seen(image: Tensor) -> Tensor:
        return torch.cat([x, image], 1) if paired else image

    with torch.no_grad():
        taught, features = teacher.features(x, LAYERS)
    assert_close(taught, torch.from_numpy(recorded["Tfake_B"]), atol=1e-4, rtol=0)
    image, own = student.features(x, student.space.parse(CONFIG), LAYERS)
    assert_close(image, torch.from_numpy(recorded["Sfake_B"]), atol=1e-4, rtol=0)

    loss_d, parts = critic_loss(critic, seen(real), seen(image), loss.adversarial, Draws(0, 0))
    torch.autograd.backward(loss_d)
    for name, value in (("D_fake", parts["fake"]), ("D_real", parts["real"]), ("D", loss_d.item())):
        assert value == pytest.approx(float(recorded[f"{setting}/loss_{name}"]), rel=1e-5)
    check_norms(recorded, f"{setting}/gradnorm/D", critic)

    lesson = Lesson(right=real if paired else taught, features=features)
    terms = loss.terms(image, own, lesson, critic=critic, seen=seen(image))
    total = loss.total(terms)
    critic.requires_grad_(False)
    torch.autograd.backward(total)
    for name, weighted in (
        ("gan", terms["adversarial"] * weights.adversarial),
        ("recon", terms["reconstruction"] * weights.reconstruction),
        ("distill", terms["distillation"] * weights.distillation),
    ):
        expected = float(recorded[f"{setting}/loss_G_{name}"])
        assert weighted.item() == pytest.approx(expected, rel=1e-5)
    assert total.item() == pytest.approx(float(recorded[f"{setting}/loss_G"]), rel=1e-5)
    check_norms(recorded, f"{setting}/gradnorm/student", student)
    for i, layer in enumerate(projections.layers):
        check_norms(recorded, f"{setting}/gradnorm/netA{i}", layer)
    name = "model.10.conv_block.1.conv.2.weight"
    gradient = student.get_parameter(name).grad
    assert gradient is not None
    expected_gradient = torch.from_numpy(recorded[f"{setting}/grad/{name}"])
    assert_close(gradient, expected_gradient, atol=1e-4, rtol=1e-4)
    assert not gradient[16:].any()


def check_norms(recorded: Any, prefix: str, network: nn.Module) -> None:
    names = [name for name in recorded.files if name.startswith(f"{prefix}/")]
    assert len(names) == len(list(network.parameters()))
    for name in names:
        gradient = network.get_parameter(name[len(prefix) + 1 :]).grad
        assert gradient is not None
        # biases before a norm have no gradient but for rounding
        assert gradient.norm().item() == pytest.approx(float(recorded[name]), rel=1e-4, abs=1e-5)


def test_a_term_of_no_weight_is_not_computed() -> None:
    loss = StudentLoss(
        weights=Weights(adversarial=0, reconstruction=2, distillation=0),
        adversarial=ADVERSARIAL["hinge"],
        distance=DISTANCES["l2"],
        projections=Projections({}),
    )
    image, right = torch.randn(2, 2, 1, 4, 4)

    def untouchable(x: Tensor) -> Tensor:
        raise AssertionError("nobody asks the discriminator")

    lesson = Lesson(right=right, features={})
    terms = loss.terms(image, {}, lesson, critic=untouchable, seen=image)
    assert set(terms) == {"reconstruction"}
    assert_close(loss.total(terms), 2 * (image - right).square().mean())


@pytest.mark.parametrize("name", ["adversarial", "reconstruction", "distillation"])
def test_a_term_of_weight_zero_is_not_computed(name: str) -> None:
    ones = {"adversarial": 1.0, "reconstruction": 1.0, "distillation": 1.0}
    features = {"model.9": torch.ones(1, 2, 4, 4)}
    loss = StudentLoss(
        weights=Weights(**{**ones, name: 0.0}),
        adversarial=ADVERSARIAL["lsgan"],
        distance=DISTANCES["l1"],
        projections=Projections({"model.9": (2, 2)}),
    )
    image, lesson = (
        torch.zeros(1, 1, 16, 16),
        Lesson(right=torch.ones(1, 1, 16, 16), features=features),
    )
    terms = loss.terms(
        image, features, lesson, critic=PatchDiscriminator(1, base_channels=2, layers=1), seen=image
    )
    assert set(terms) == set(ones) - {name}
