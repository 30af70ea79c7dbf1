"""The GAN Compression space: its text forms, its canonical architectures, its size, bad input."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service import spaces
from search_service.domain.space import (
    Architecture,
    architecture_at,
    enumerate_space,
    indices_of,
    largest,
    sample,
    smallest,
)
from search_service.domain.spec import Constraint, Op
from search_service.errors import InvalidArchitecture, InvalidInput
from search_service.spaces.feasibility import require_feasible
from search_service.spaces.gan_compression import GanCompressionSpace


def build(**parameters: Any) -> GanCompressionSpace:
    space = spaces.build("gan-compression", {"base_channels": 16, **parameters})
    assert isinstance(space, GanCompressionSpace)
    return space


@st.composite
def cases(draw: st.DrawFn) -> tuple[GanCompressionSpace, Architecture]:
    space = build(
        generator=draw(st.sampled_from(["resnet", "resnet-legacy"])),
        base_channels=draw(st.integers(1, 40)),
        blocks=draw(st.integers(1, 12)),
    )
    return space, sample(space, np.random.default_rng(draw(st.integers(0, 2**32 - 1))))


@given(cases())
def test_a_text_form_gives_the_architecture_back(
    case: tuple[GanCompressionSpace, Architecture],
) -> None:
    space, architecture = case
    parsed = space.parse(str(architecture))
    assert parsed == architecture
    assert str(parsed) == str(architecture)
    assert space.architecture(architecture.options) == architecture
    assert architecture_at(space, indices_of(space, architecture)) == architecture


def test_the_contract_s_example() -> None:
    space = build(generator="resnet", blocks=9, image_size=64)
    architecture = space.parse("8_12_16_4_12_8_8_4")
    assert architecture.options == (8, 12, 16, 4, 12, 8, 8, 4)
    assert str(architecture) == "8_12_16_4_12_8_8_4"
    assert space.family == "gan-compression"
    assert list(space.describe(architecture)) == [f"channels.{i}" for i in range(8)]


def test_six_numbers_stand_for_eight_with_equal_groups() -> None:
    space = build()
    assert str(space.parse("8_12_16_4_12_8")) == "8_12_16_4_4_4_12_8"


def test_a_legacy_generator_writes_six_numbers() -> None:
    space = build(generator="resnet-legacy")
    assert str(space.parse("8_12_16_4_12_8")) == "8_12_16_4_12_8"
    assert len(space.choices) == 6


def test_the_ends_of_the_default_space_are_a_quarter_and_the_whole() -> None:
    space = build(base_channels=48)
    assert str(smallest(space)) == "_".join(["12"] * 8)
    assert str(largest(space)) == "_".join(["48"] * 8)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("channels-48", 5_184),
        ("channels-32", 6_561),
        ("channels-64-cycleGAN", 390_625),
        ("channels-64-pix2pix", 5_764_801),
        ("test", 4),
    ],
)
def test_a_published_space_has_its_published_size(name: str, size: int) -> None:
    assert build(base_channels=64, space=name).size == size


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("16_16_32_16_32_32_16_16", "channels-32"),
        ("32_32_48_32_48_48_16_16", "channels-48"),
        ("32_32_48_32_32_48_24_24", "channels-48"),
        ("16_16_24_16_32_64_16_24", "channels-64-cycleGAN"),
        ("24_24_40_56_24_56_16_40", "channels-64-pix2pix"),
        ("16_24_48_56_40_48_24_16", "channels-64-pix2pix"),
    ],
)
def test_a_published_architecture_lies_in_its_space(text: str, name: str) -> None:
    assert str(build(base_channels=64, space=name).parse(text)) == text


def test_own_lists_are_taken_in_any_order() -> None:
    lists = [[8, 4], [16], [12, 4, 8], *[[4]] * 5]
    space = build(channels=lists)
    assert [choice.options for choice in space.choices[:3]] == [(4, 8), (16,), (4, 8, 12)]
    assert space.size == 6
    assert space == build(channels=[sorted(options) for options in lists])


@pytest.mark.parametrize(("blocks", "distinct"), [(1, 2**6), (2, 2**7), (3, 2**8), (10, 2**8)])
def test_a_group_without_blocks_has_no_effect(blocks: int, distinct: int) -> None:
    space = build(blocks=blocks, channels=[[4, 8]] * 8)
    texts = {str(a) for a in enumerate_space(space)}
    assert len(texts) == space.size == distinct
    narrow = space.parse("8_8_8_4_4_4_8_8")
    idle = 3 - min(blocks, 3)
    assert str(narrow) == "_".join(["8"] * 3 + ["4"] * (3 - idle) + ["8"] * (2 + idle))
    assert len(space.describe(narrow)) == 8 - idle


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has 1 widths; a resnet takes 8 or 6"),
        ("16_16_16", "has 3 widths"),
        ("16_16_16_16_16_16_16", "has 7 widths; a resnet takes 8 or 6"),
        ("16_16_16_16_16_16_16_16_16", "has 9 widths"),
        ("16_16_16_20_16_16_16_16", "width 3 .* is above the supernet's base width 16"),
        ("16_16_16_16_16_16_16_0", "width 7 .* must be one of 4, 8, 12, 16"),
        ("16_16_-4_16_16_16_16_16", "width 2 .* must be a whole number, got '-4'"),
        ("16_x_16_16_16_16_16_16", "width 1 .* must be a whole number, got 'x'"),
        ("16__16_16_16_16_16_16", "width 1 .* must be a whole number, got ''"),
        ("16_4.0_16_16_16_16_16_16", "width 1"),
        ("16_²_16_16_16_16_16_16", "width 1"),
        ("16_04_16_16_16_16_16_16", "width 1"),
        ("16_5_16_16_16_16_16_16", "width 1 .* must be one of 4, 8, 12, 16"),
        ("4_4_4_4_4_99", "width 5 .* is above"),
    ],
)
def test_a_bad_text_form_is_refused_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(InvalidArchitecture, match=says):
        build().parse(text)


def test_a_legacy_generator_reads_six_numbers_only() -> None:
    with pytest.raises(InvalidArchitecture, match="has 8 widths; a resnet-legacy takes 6"):
        build(generator="resnet-legacy").parse("16_16_16_16_16_16_16_16")


def test_bad_options_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(InvalidArchitecture, match="expected 8 options, got 2"):
        build().architecture([16, 16])
    with pytest.raises(InvalidArchitecture, match=r"channels\.1 must be one of 4, 8, 12, 16") as e:
        build().architecture([16, 5, *[16] * 6])
    assert e.value.pointer == "/architecture/channels.1"


@pytest.mark.parametrize(
    ("parameters", "pointer", "says"),
    [
        ({"base_channels": 0}, "base_channels", "from 1 to 4096"),
        ({"blocks": 0}, "blocks", "at least 1"),
        ({"image_size": 62}, "image_size", "multiple of 4, at least 8"),
        ({"image_size": 4}, "image_size", "multiple of 4, at least 8"),
        ({"input_channels": 0}, "input_channels", "at least 1"),
        ({"output_channels": 0}, "output_channels", "at least 1"),
        ({"generator": "unet"}, "generator", "one of resnet, resnet-legacy"),
        ({"aspect_ratio": 2.0}, "aspect_ratio", "spade alone"),
        ({"upsampling": "more"}, "upsampling", "spade alone"),
        ({"space": "channels-16"}, "space", "unknown space 'channels-16'.*: channels-32, "),
        ({"space": "channels-32"}, "space", "up to width 32, above base_channels 16"),
        ({"space": "test", "channels": [[4]] * 8}, "space", "empty where channels are given"),
        ({"channels": [[4]] * 7}, "channels", "8 lists, got 7"),
        ({"channels": 4}, "channels", "a list"),
        ({"channels": [*[[4]] * 7, [17]]}, "channels/7", "not go above base_channels 16"),
        ({"channels": [*[[4]] * 7, [0]]}, "channels/7", "whole numbers from 1"),
        ({"channels": [*[[4]] * 7, []]}, "channels/7", "whole numbers from 1"),
        ({"channels": [*[[4]] * 7, [4.5]]}, "channels/7", "whole numbers from 1"),
        ({"channels": [*[[4]] * 7, "4"]}, "channels/7", "whole numbers from 1"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(
    parameters: dict[str, Any], pointer: str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says) as refused:
        build(**parameters)
    assert refused.value.pointer == f"/parameters/{pointer}"


def test_a_budget_below_the_smallest_subnet_is_refused_with_the_range() -> None:
    space = build(base_channels=64, space="channels-64-pix2pix")
    constraint = Constraint(name="macs", op=Op.LE, value=1e6)
    with pytest.raises(InvalidInput, match=r"macs ranges from 9\.54728e\+08 to 1\.10667e\+10"):
        require_feasible(space, [constraint])
