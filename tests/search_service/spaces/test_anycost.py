"""The Anycost space: its text forms, its canonical architectures, its size, bad input."""

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
from search_service.errors import InvalidArchitecture, InvalidInput
from search_service.spaces.anycost import AnycostParameters, AnycostSpace

SPACE = AnycostSpace(AnycostParameters(resolution=32, channel_multiplier=0.0625))


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    return sample(SPACE, np.random.default_rng(draw(st.integers(0, 2**32 - 1))))


@given(architectures())
def test_a_text_form_gives_the_architecture_back(architecture: Architecture) -> None:
    parsed = SPACE.parse(str(architecture))
    assert parsed == architecture
    assert hash(parsed) == hash(architecture)
    assert str(parsed) == str(architecture)


@given(architectures())
def test_indices_and_options_give_the_architecture_back(architecture: Architecture) -> None:
    assert architecture_at(SPACE, indices_of(SPACE, architecture)) == architecture
    assert SPACE.architecture(architecture.options) == architecture


@given(architectures(), st.integers(0, 2**32 - 1))
def test_entries_above_the_resolution_have_no_effect(architecture: Architecture, seed: int) -> None:
    live = 1 + SPACE.live_entries(int(architecture.options[0]))
    other = sample(SPACE, np.random.default_rng(seed))
    same = SPACE.architecture((*architecture.options[:live], *other.options[live:]))
    assert (same, str(same), hash(same)) == (architecture, str(architecture), hash(architecture))
    assert set(architecture.options[live:]) <= {1.0}
    names = [choice.name for choice in SPACE.choices[:live]]
    assert list(SPACE.describe(architecture)) == names


@pytest.mark.parametrize(
    "parameters",
    [
        {"resolution": 8, "channel_multiplier": 0.0625},
        {"resolution": 16, "channel_multiplier": 0.0625},
        {"resolution": 16, "channel_multiplier": 0.03125, "channel_max": 64},
    ],
)
def test_size_counts_each_distinct_architecture_once(parameters: dict[str, Any]) -> None:
    space = spaces.build("anycost", parameters)
    texts = [str(a) for a in enumerate_space(space)]
    assert len(texts) == len(set(texts)) == space.size


def test_the_ends_of_a_space_are_the_narrowest_and_the_full_generator() -> None:
    assert str(largest(SPACE)) == "32:256_256_128_128_64_64_32_32"
    assert str(smallest(SPACE)) == "8:64_64_32_32"
    assert SPACE.uniform(1.0) == largest(SPACE)
    assert SPACE.uniform(0.25, 8) == smallest(SPACE)


def test_the_published_generator_has_its_published_widths() -> None:
    space = AnycostSpace(AnycostParameters(resolution=1024))
    assert space.resolutions == (128, 256, 512, 1024)
    assert space.full_channels == (*[512] * 10, 256, 256, 128, 128, 64, 64, 32, 32)
    half = space.channels(space.uniform(0.5))
    assert half == (*[512] * 8, 256, 256, 128, 128, 64, 64, 32, 32, 16, 16)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "8, 16, 32"),
        ("nonsense", "8, 16, 32"),
        ("64:256_256_128_128", "8, 16, 32"),
        ("-8:64_64_32_32", "8, 16, 32"),
        ("8", "<resolution>:"),
        ("8:", "takes 4"),
        ("8:64_64_32", "takes 4"),
        ("8:64_64_32_32_16", "takes 4"),
        ("8:64_64_32_33", "width 3 .* 32, 64, 96, 128"),
        ("8:64_064_32_32", "width 1 .* 64, 128, 192, 256"),
        ("8:64_64_32_32 ", "width 3"),
        ("8:64__32_32", "width 1"),
        ("²:64_64_32_32", "8, 16, 32"),
        ("08:64_64_32_32", "8, 16, 32"),
    ],
)
def test_a_bad_text_form_is_refused_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(InvalidArchitecture, match=says):
        SPACE.parse(text)


def test_bad_options_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(InvalidArchitecture, match="expected 9 options, got 2"):
        SPACE.architecture([32, 1.0])
    with pytest.raises(InvalidArchitecture, match=r"channels\.2 must be one of .* got 0\.3") as e:
        SPACE.architecture([32, 1.0, 1.0, 0.3, *[1.0] * 5])
    assert e.value.pointer == "/architecture/channels.2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resolution", 33),
        ("resolution", 4),
        ("resolution", 2048),
        ("channel_multiplier", 0.0),
        ("channel_multiplier", float("nan")),
        ("channel_multiplier", float("inf")),
        ("channel_max", 0),
        ("style_dim", -1),
        ("mapping_layers", 0),
        ("classes", -1),
        ("image_channels", 2),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=f"{name} must be") as refused:
        spaces.build("anycost", {"resolution": 32, name: value})
    assert refused.value.pointer == f"/parameters/{name}"
