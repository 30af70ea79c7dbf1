import pytest
import torch
from torch import Tensor

from search_service.errors import InvalidInput
from workers.discriminators.anycost import AnycostDiscriminator, DiscriminatorSize
from workers.discriminators.joint import JointDiscriminator

SIZE = DiscriminatorSize(resolution=32, channel_multiplier=1 / 64, channel_max=16, image_channels=1)
SIDES = (8, 16, 32)


@pytest.fixture
def joint() -> JointDiscriminator:
    torch.manual_seed(0)
    return JointDiscriminator(SIZE)


@pytest.fixture
def levels() -> list[Tensor]:
    return [torch.randn(4, 1, side, side, requires_grad=True) for side in SIDES]


def test_every_resolution_has_a_say(joint: JointDiscriminator, levels: list[Tensor]) -> None:
    logits = joint.judge_together(levels)
    assert logits.shape == (4, 1)
    gradients = torch.autograd.grad(logits.sum(), [*levels, *joint.parameters()])
    assert all(gradient.abs().max() > 0 for gradient in gradients)


@torch.no_grad()
def test_without_lower_entries_only_the_trunks_scale_differs(levels: list[Tensor]) -> None:
    joint = JointDiscriminator(SIZE)
    for conv in list(joint.convs)[1:]:
        for parameter in conv.parameters():
            parameter.zero_()
    one, other = ([*levels[:2], top] for top in (levels[2], levels[2] + 1))
    assert torch.equal(
        joint.judge_together(one), joint.judge_together([*(2 * x for x in one[:2]), one[2]])
    )
    assert not torch.equal(joint.judge_together(one), joint.judge_together(other))


@torch.no_grad()
def test_one_resolution_is_judged_as_by_the_parent(
    joint: JointDiscriminator, levels: list[Tensor]
) -> None:
    alone = AnycostDiscriminator(SIZE)
    alone.load_state_dict(joint.state_dict())
    for level in levels:
        assert torch.equal(joint(level), alone(level))


@torch.no_grad()
def test_labels_and_the_code_are_looked_at(levels: list[Tensor]) -> None:
    joint = JointDiscriminator(SIZE, code_size=8, classes=3)
    code, labels = torch.zeros(8), torch.tensor([0, 1, 2, 0])
    first = joint.judge_together(levels, code, labels=labels)
    assert not torch.equal(first, joint.judge_together(levels, code + 1, labels=labels))
    assert not torch.equal(first, joint.judge_together(levels, code, labels=(labels + 1) % 3))


@pytest.mark.parametrize("sides", [(8, 16), (16, 32), (8, 8, 32), (32, 16, 8)])
def test_a_missing_resolution_is_named(joint: JointDiscriminator, sides: tuple[int, ...]) -> None:
    given = ", ".join(map(str, sides))
    with pytest.raises(InvalidInput, match=f"must be 8, 16, 32 together, got {given}"):
        joint.judge_together([torch.randn(4, 1, side, side) for side in sides])
