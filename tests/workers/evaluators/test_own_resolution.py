from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from search_service import spaces
from search_service.errors import MeasurementFailed
from search_service.spaces.anycost import AnycostSpace
from workers.evaluators.extractors import FeatureExtractor
from workers.evaluators.fid import Fid
from workers.evaluators.own_resolution import OwnResolutionFid, open_own_resolution
from workers.evaluators.reference import Reference, find_or_compute
from workers.images import DATASETS, from_uint8, seen_at, to_uint8, upsample
from workers.images.fashion_mnist import DEBIAN_FOLDER

PARAMETERS = {"resolution": 32, "channel_multiplier": 0.03125, "image_channels": 1}


@pytest.fixture
def space() -> AnycostSpace:
    space = spaces.build("anycost", PARAMETERS)
    assert isinstance(space, AnycostSpace)
    return space


@pytest.fixture
def fid(extractor: FeatureExtractor, reference: Reference) -> Fid:
    return Fid(extractor, reference)


@pytest.fixture
def shipped(fid: Fid, space: AnycostSpace, reference_file: Path) -> OwnResolutionFid:
    nowhere = Path("/nowhere")
    found = open_own_resolution(fid, space, folders=(reference_file.parent,), data=nowhere)
    assert isinstance(found, OwnResolutionFid)
    return found


def noise(count: int, side: int) -> Tensor:
    rng = torch.Generator().manual_seed(side)
    return torch.randint(256, (count, 1, side, side), dtype=torch.uint8, generator=rng)


def test_at_the_full_resolution_it_is_fid(
    fid: Fid, shipped: OwnResolutionFid, space: AnycostSpace
) -> None:
    rows = shipped.rows(noise(64, 32), seed=0, index=0)
    full = space.uniform(0.5, 32)
    assert shipped.rows_name == fid.rows_name
    assert shipped.estimate(rows, full) == fid.estimate(rows, full)


@pytest.mark.parametrize("side", [8, 16])
def test_below_it_the_value_is_against_real_images_of_that_resolution(
    shipped: OwnResolutionFid,
    space: AnycostSpace,
    extractor: FeatureExtractor,
    reference_file: Path,
    fid: Fid,
    side: int,
) -> None:
    small = space.uniform(0.5, side)
    rows = shipped.rows(to_uint8(upsample(from_uint8(noise(64, side)), 32)), seed=0, index=0)
    own = find_or_compute(
        "fashion-mnist-32", "train", extractor, folders=(reference_file.parent,), side=side
    )
    assert shipped.estimate(rows, small) == Fid(extractor, own).estimate(rows, small)
    assert shipped.estimate(rows, small).value != fid.estimate(rows, small).value


@pytest.mark.skipif(not DEBIAN_FOLDER.exists(), reason="dataset-fashion-mnist is not installed")
def test_real_images_of_a_lower_resolution_are_close_to_their_own_reference_alone(
    shipped: OwnResolutionFid, fid: Fid, space: AnycostSpace
) -> None:
    real = torch.from_numpy(DATASETS["fashion-mnist-32"](None, "test").images[:500])
    small = space.uniform(0.5, 8)
    rows = shipped.rows(seen_at(real, 8), seed=0, index=0)
    assert shipped.estimate(rows, small).value < 0.1 * fid.estimate(rows, small).value


def test_protocols_tell_data_and_filter(shipped: OwnResolutionFid, fid: Fid) -> None:
    facts = shipped.facts
    assert facts["data_digest"] == fid.reference.data_digest
    assert (facts["resolution"], facts["reduction"]) == ("own", "area")
    assert facts.items() >= fid.facts.items()


def test_where_there_is_one_resolution_alone_it_says_so(fid: Fid) -> None:
    one = spaces.build("gan-compression", {"base_channels": 8, "blocks": 9, "image_size": 32})
    why = open_own_resolution(fid, one, folders=(), data=None)
    assert why == "all of its architectures make images of one side"


def test_without_statistics_and_images_it_says_so(
    fid: Fid, space: AnycostSpace, tmp_path: Path
) -> None:
    why = open_own_resolution(fid, space, folders=(tmp_path,), data=tmp_path)
    assert isinstance(why, str)
    assert why.startswith("no real images at lower resolutions: ")


def test_images_that_are_gone_when_they_are_needed_fail_the_measurement(
    fid: Fid, space: AnycostSpace, tmp_path: Path
) -> None:
    for side in (8, 16):
        name = f"fashion-mnist-32-at-{side}.train.fashion-classifier.safetensors"
        (tmp_path / name).write_bytes(b"no statistics")
    found = open_own_resolution(fid, space, folders=(tmp_path,), data=tmp_path)
    assert isinstance(found, OwnResolutionFid)
    rows = np.zeros((64, 64), np.float32)
    with pytest.raises(MeasurementFailed, match="no real images at 8x8: cannot read"):
        found.estimate(rows, space.uniform(0.5, 8))
