import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.domain.space import largest
from search_service.errors import InvalidInput
from search_service.spaces.gan_compression.resnet_channels import ResnetChannels, uniform_channels
from workers import supernets
from workers.supernets.gan_compression.pruning import initialise_from_wider, strongest
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.resnet_generator import ResnetGenerator


def generator(channels: ResnetChannels, *, dense: bool) -> ResnetGenerator:
    network = ResnetGenerator(channels, dense=dense)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    return network


def images() -> Tensor:
    return torch.rand(2, 3, 16, 16) * 2 - 1


@pytest.mark.parametrize("dense", [True, False])
@torch.no_grad()
def test_a_student_as_wide_as_its_teacher_computes_the_same(dense: bool) -> None:
    teacher = generator(uniform_channels(6, 3), dense=dense)
    student = generator(uniform_channels(6, 3), dense=dense)
    initialise_from_wider(student, teacher)
    x = images()
    assert_close(student(x), teacher(x), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("dense", [True, False])
@torch.no_grad()
def test_what_is_cut_off_is_what_does_least(dense: bool) -> None:
    """Where a teacher's surplus filters are empty, the student without them computes the same."""
    torch.manual_seed(0)
    narrow = ResnetChannels(stem=3, down1=7, down2=9, hidden=(8, 5), up1=4, up2=3)
    teacher = generator(uniform_channels(4, 2), dense=dense)
    blocks = [f"model.{place}.conv_block" for place in (10, 11)]
    part = "" if dense else ".conv.2"
    kept = torch.randperm(16)[: narrow.down2]
    for name, count in (
        ("model.1", narrow.stem),
        ("model.4", narrow.down1),
        *(
            (f"{block}.1{part}", hidden)
            for block, hidden in zip(blocks, narrow.hidden, strict=True)
        ),
        ("model.12", narrow.up1),
        ("model.15", narrow.up2),
    ):
        layer = teacher.get_submodule(name)
        empty_all_but(layer, torch.randperm(len(layer.get_parameter("bias")))[:count])
    for name in ("model.7", *(f"{block}.6{part}" for block in blocks)):
        empty_all_but(teacher.get_submodule(name), kept)
    student = generator(narrow, dense=dense)
    initialise_from_wider(student, teacher)
    x = images()
    assert_close(student(x), teacher(x), atol=1e-4, rtol=1e-4)


def empty_all_but(layer: nn.Module, kept: Tensor) -> None:
    filters, bias = layer.get_parameter("weight").data, layer.get_parameter("bias").data
    if isinstance(layer, nn.ConvTranspose2d):
        filters = filters.transpose(0, 1)
    empty = torch.ones(len(bias), dtype=torch.bool)
    empty[kept] = False
    filters[empty] = 0
    bias[empty] = 0


@torch.no_grad()
def test_a_supernet_can_begin_from_a_mobile_teacher_its_strongest_filters_first() -> None:
    teacher = generator(uniform_channels(8, 3), dense=False)
    supernet = supernets.build("gan-compression", {"base_channels": 6, "blocks": 3})
    assert isinstance(supernet, ResnetSupernet)
    initialise_from_wider(supernet, teacher)
    norms = supernet.get_parameter("model.1.weight").abs().flatten(1).sum(1)
    assert norms.tolist() == sorted(norms.tolist(), reverse=True)
    wide = teacher.get_parameter("model.1.weight").abs().flatten(1).sum(1)
    assert_close(norms, wide.sort(descending=True).values[:6])
    assert supernet(images(), largest(supernet.space)).isfinite().all()


def test_a_filter_is_judged_by_what_is_left_of_it() -> None:
    filters = torch.tensor([[1.0, 9.0], [-2.0, 0.0], [3.0, 0.0]])
    assert strongest(filters, 2).tolist() == [0, 2]
    assert strongest(filters[:, :1], 2).tolist() == [2, 1]


@pytest.mark.parametrize(
    ("channels", "dense", "says"),
    [
        (uniform_channels(4, 2), False, "the same layers"),
        (uniform_channels(4, 3), True, "the same layers"),
        (
            uniform_channels(6, 3),
            False,
            r"wider than its teacher: model\.1\.weight is \(6, 3, 7, 7\)",
        ),
    ],
)
def test_another_network_is_refused_and_nothing_changed(
    channels: ResnetChannels, dense: bool, says: str
) -> None:
    student = generator(channels, dense=dense)
    before = {name: tensor.clone() for name, tensor in student.state_dict().items()}
    with pytest.raises(InvalidInput, match=says):
        initialise_from_wider(student, generator(uniform_channels(4, 3), dense=False))
    assert all(torch.equal(t, before[n]) for n, t in student.state_dict().items())
