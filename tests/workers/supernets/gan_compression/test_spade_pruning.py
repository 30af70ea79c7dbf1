from dataclasses import replace
from typing import TypeVar

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from search_service.domain.space import largest
from search_service.errors import InvalidInput
from search_service.spaces.gan_compression import GanCompressionParameters, GanCompressionSpace
from search_service.spaces.gan_compression.spade_channels import spade_channels
from workers.supernets.gan_compression.pruning import strongest
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_generator import (
    SpadeGenerator,
    dense_teacher,
    mobile_generator,
    separable_generator,
)
from workers.supernets.gan_compression.spade_network import SpadeNetwork
from workers.supernets.gan_compression.spade_pruning import initialise_spade_from_wider

WIDE = GanCompressionParameters(
    generator="spade", base_channels=3, image_size=64, aspect_ratio=2.0, input_channels=4
)
NARROW = replace(WIDE, base_channels=2)
N = TypeVar("N", bound=SpadeNetwork)


def randomised(network: N) -> N:
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            nn.init.uniform_(tensor, 0.5, 1.5)
        elif tensor.is_floating_point():
            nn.init.normal_(tensor, std=0.3)
    return network.eval()


@pytest.fixture
def teacher() -> SpadeGenerator:
    return randomised(mobile_generator(WIDE))


@torch.no_grad()
def test_a_student_as_wide_as_its_teacher_computes_the_same(teacher: SpadeGenerator) -> None:
    student = randomised(SpadeSupernet(GanCompressionSpace(WIDE)))
    initialise_spade_from_wider(student, teacher)
    maps = torch.rand(2, 4, 32, 64)
    assert_close(student(maps, largest(student.space)), teacher(maps), atol=1e-4, rtol=1e-4)


def test_each_layer_has_the_strongest_filters_and_follows_the_ones_before(
    teacher: SpadeGenerator,
) -> None:
    student = randomised(mobile_generator(NARROW))
    initialise_spade_from_wider(student, teacher)
    wide, narrow = teacher.state_dict(), student.state_dict()
    kept = strongest(wide["fc.weight"], 32)
    assert torch.equal(narrow["fc.weight"], wide["fc.weight"][kept])
    hidden = strongest(wide["head_0.conv_0.weight"][:, kept], 32)
    for name in ("head_0", "G_middle_0", "G_middle_1"):
        hidden = strongest(wide[f"{name}.conv_0.weight"][:, kept], 32)
        back = wide[f"{name}.conv_1.weight"][kept][:, hidden]
        assert torch.equal(narrow[f"{name}.conv_1.weight"], back)
    hidden = strongest(wide["up_0.conv_0.weight"][:, kept], 16)
    given = strongest(wide["up_0.conv_1.weight"][:, hidden], 16)
    assert torch.equal(narrow["up_0.conv_1.bias"], wide["up_0.conv_1.bias"][given])
    assert torch.equal(narrow["up_0.conv_s.weight"], wide["up_0.conv_s.weight"][given][:, kept])
    for norm, channels in (("norm_0", kept), ("norm_1", hidden), ("norm_s", kept)):
        prefix = f"up_0.{norm}"
        maps = strongest(wide[f"{prefix}.mlp_shared.0.weight"], 4)
        for name in ("mlp_gamma", "mlp_beta"):
            depthwise, pointwise = (f"{prefix}.{name}.conv.{i}" for i in (0, 2))
            assert torch.equal(narrow[f"{depthwise}.weight"], wide[f"{depthwise}.weight"][maps])
            assert torch.equal(narrow[f"{pointwise}.bias"], wide[f"{pointwise}.bias"][channels])
            both = wide[f"{pointwise}.weight"][channels][:, maps]
            assert torch.equal(narrow[f"{pointwise}.weight"], both)
        for name in ("running_mean", "running_var"):
            statistics = f"{prefix}.param_free_norm.{name}"
            assert torch.equal(narrow[statistics], wide[statistics][channels])
    assert torch.equal(narrow["conv_img.bias"], wide["conv_img.bias"])


def test_a_subnet_begins_so_too(teacher: SpadeGenerator) -> None:
    widths = (2, 1, 2, 2, 1, 2, 1, 2)
    subnet = randomised(separable_generator(NARROW, spade_channels(widths)))
    initialise_spade_from_wider(subnet, teacher)
    hidden = strongest(teacher.get_parameter("fc.weight"), 32)
    first = strongest(teacher.get_parameter("head_0.conv_0.weight")[:, hidden], 16)
    mean = subnet.get_buffer("head_0.norm_1.param_free_norm.running_mean")
    assert len(mean) == 32
    wide = teacher.get_buffer("head_0.norm_1.param_free_norm.running_mean")
    assert torch.equal(mean[:16], wide[first])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (mobile_generator(replace(WIDE, base_channels=4)), "the student is wider than its teacher"),
        (dense_teacher(NARROW), "only where both have the same layers"),
    ],
)
def test_what_does_not_fit_is_refused_and_unchanged(
    teacher: SpadeGenerator, other: SpadeGenerator, said: str
) -> None:
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(InvalidInput, match=said):
        initialise_spade_from_wider(other, teacher)
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())
