"""Which weights a later stage's discriminator has from an earlier one."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from search_service.errors import InvalidFile
from workers.discriminators.anycost import (
    AnycostDiscriminator,
    DiscriminatorSize,
    PlainDiscriminator,
)
from workers.discriminators.joint import JointDiscriminator
from workers.training.anycost_warm_start import Discriminator, warm_start

ORACLE = Path(__file__).parents[2] / "fixtures" / "anycost"
SIZE = DiscriminatorSize(resolution=64, channel_multiplier=1 / 32, channel_max=64)
CODE = 40


def recorded(stage: str) -> dict[str, Tensor]:
    return load_file(ORACLE / f"d64_{stage}_state.safetensors")


def started(discriminator: Discriminator, stage: str) -> dict[str, Tensor]:
    warm_start(discriminator, recorded(stage), source=stage)
    return discriminator.state_dict()


@pytest.mark.parametrize(
    ("stage", "discriminator"),
    [
        ("plain", PlainDiscriminator(SIZE)),
        ("multires", AnycostDiscriminator(SIZE)),
        ("multires", JointDiscriminator(SIZE)),
        ("cond", AnycostDiscriminator(SIZE, code_size=CODE)),
    ],
)
def test_its_own_stage_fills_it_wholly(stage: str, discriminator: Discriminator) -> None:
    filled, wanted = started(discriminator, stage), recorded(stage)
    assert filled.keys() == wanted.keys()
    assert all(torch.equal(filled[name], wanted[name]) for name in wanted)


def test_one_resolution_becomes_the_trunk_of_several() -> None:
    plain = recorded("plain")
    fresh = AnycostDiscriminator(SIZE)
    entries = {name: value.clone() for name, value in fresh.state_dict().items()}
    filled = started(fresh, "plain")
    taken = set()
    for name, value in filled.items():
        stage, number, *rest = name.split(".")
        if stage == "convs" and number != "0":
            assert torch.equal(value, entries[name])
            continue
        old = name if stage != "blocks" else ".".join(["convs", str(int(number) + 1), *rest])
        assert torch.equal(value, plain[old])
        taken.add(old)
    assert taken == plain.keys()


@torch.no_grad()
def test_the_full_resolution_is_judged_as_before() -> None:
    plain, later = PlainDiscriminator(SIZE), AnycostDiscriminator(SIZE)
    warm_start(plain, recorded("plain"), source="plain")
    warm_start(later, recorded("plain"), source="plain")
    images = torch.randn(4, 3, 64, 64)
    torch.testing.assert_close(later(images), plain(images))


@torch.no_grad()
@pytest.mark.parametrize("stage", ["plain", "multires"])
def test_a_condition_without_effect_judges_as_before(stage: str) -> None:
    before = AnycostDiscriminator(SIZE)
    warm_start(before, recorded("multires"), source="multires")
    if stage == "plain":
        warm_start(before, recorded("plain"), source="plain")
    told = AnycostDiscriminator(SIZE, code_size=CODE)
    told.convs.load_state_dict(before.convs.state_dict())
    mappings = [name for name, _ in told.named_parameters() if "_mapping." in name]
    fresh = {name: told.get_parameter(name).clone() for name in mappings}
    warm_start(told, recorded(stage), source=stage)
    assert len(fresh) == 2 * 3 * 4  # two blocks of three layers, two linear maps each
    for name, value in fresh.items():
        assert torch.equal(told.get_parameter(name), value)
        told.get_parameter(name).zero_()
    code = torch.zeros(CODE)
    for side in (64, 32, 16, 8):
        images = torch.randn(4, 3, side, side)
        torch.testing.assert_close(told(images, code), before(images))


@pytest.mark.parametrize(
    ("stage", "discriminator"),
    [
        ("multires", PlainDiscriminator(SIZE)),
        ("cond", PlainDiscriminator(SIZE)),
        ("multires", AnycostDiscriminator(SIZE, levels=2)),
        ("cond", AnycostDiscriminator(SIZE)),
    ],
)
def test_there_is_no_way_back(stage: str, discriminator: Discriminator) -> None:
    with pytest.raises(InvalidFile, match=f"{stage} does not fit"):
        warm_start(discriminator, recorded(stage), source=stage)


@pytest.mark.parametrize("stage", ["plain", "multires"])
def test_a_missing_weight_is_named_and_nothing_is_changed(stage: str) -> None:
    discriminator = AnycostDiscriminator(SIZE, code_size=CODE)
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    tensors = recorded(stage)
    del tensors["final_linear.1.weight"]
    with pytest.raises(InvalidFile, match=r"1 missing \(final_linear.1.weight\)"):
        warm_start(discriminator, tensors, source=stage)
    after = discriminator.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_file_without_any_entry_is_refused() -> None:
    tensors = {k: v for k, v in recorded("multires").items() if not k.startswith("convs.")}
    with pytest.raises(InvalidFile, match="missing"):
        warm_start(AnycostDiscriminator(SIZE), tensors, source="multires")
