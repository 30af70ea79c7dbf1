from collections import Counter

import pytest
import torch

from search_service import spaces
from search_service.domain.space import largest, sample, smallest
from search_service.spaces.gan_compression import GanCompressionSpace
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.training.draws import Draws
from workers.training.students import FixedStudent, SupernetStudent


@pytest.fixture
def supernet() -> ResnetSupernet:
    parameters = {"base_channels": 4, "blocks": 3, "image_size": 16, "input_channels": 1}
    space = spaces.build("gan-compression", parameters)
    assert isinstance(space, GanCompressionSpace)
    return ResnetSupernet(space)


@pytest.mark.parametrize("subnets", [2, 4])
def test_a_sandwich_has_the_largest_and_the_smallest(
    supernet: ResnetSupernet, subnets: int
) -> None:
    student = SupernetStudent(supernet, subnets=subnets, sandwich=True)
    for step in range(5):
        drawn = student.architectures(Draws(0, step))
        assert drawn[:2] == [largest(supernet.space), smallest(supernet.space)]
        assert len(drawn) == subnets


def test_every_option_is_drawn_equally_often(supernet: ResnetSupernet) -> None:
    student = SupernetStudent(supernet, subnets=1, sandwich=False)
    drawn = [student.architectures(Draws(0, step)) for step in range(1000)]
    assert all(len(architectures) == 1 for architectures in drawn)
    for position in range(8):
        counts = Counter(architectures[0].options[position] for architectures in drawn)
        assert set(counts) == {1, 2, 3, 4}
        assert all(200 < count < 300 for count in counts.values())


def test_a_drawn_subnet_is_the_supernet_at_that_architecture(supernet: ResnetSupernet) -> None:
    student = SupernetStudent(supernet, subnets=1, sandwich=False)
    x = torch.randn(1, 1, 16, 16)
    (architecture,) = student.architectures(Draws(0, 3))
    (subnet,) = student.draw(Draws(0, 3))
    image, features = subnet(x, ("model.9",))
    assert torch.equal(image, supernet(x, architecture))
    assert set(features) == {"model.9"}


def test_the_widest_is_shown_first(supernet: ResnetSupernet) -> None:
    x = torch.randn(1, 1, 16, 16)
    shown = SupernetStudent(supernet, subnets=1, sandwich=False).shown()
    assert torch.equal(shown[0](x, ())[0], supernet(x, largest(supernet.space)))
    assert torch.equal(shown[-1](x, ())[0], supernet(x, smallest(supernet.space)))


def test_a_fixed_student_is_itself(supernet: ResnetSupernet) -> None:
    subnet = supernet.extract(sample(supernet.space, Draws(0, 0).rng))
    x = torch.randn(1, 1, 16, 16)
    (drawn,) = FixedStudent(subnet).draw(Draws(0, 0))
    assert torch.equal(drawn(x, ())[0], subnet(x))
