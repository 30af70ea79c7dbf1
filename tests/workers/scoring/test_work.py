from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from search_service.domain.scoring import ScoreSpec
from search_service.errors import InvalidFile, InvalidInput, MeasurementFailed
from tests.support.elsewhere import ELSEWHERE, Elsewhere
from workers.scoring.gather import MAX_TRIES, gather
from workers.scoring.pools import InlineShards
from workers.scoring.shards import Shard, ShardName, Side, in_order, plan
from workers.scoring.shelf import FolderShelf
from workers.scoring.work import ScoreWork


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


class Workers:
    """Several processes' worth of works, each shard going to the next of them."""

    def __init__(self, spec: ScoreSpec, count: int, seed: int) -> None:
        self._pools = [
            InlineShards(ScoreWork(spec=spec, overlap=place % 2 == 0), seed=seed + place)
            for place in range(count)
        ]
        self._next = 0

    def submit(self, name: ShardName) -> None:
        self._pools[self._next % len(self._pools)].submit(name)
        self._next += 1

    def wait(self, timeout_seconds: float) -> list[object]:
        return [made for pool in reversed(self._pools) for made in pool.wait(timeout_seconds)]

    def rest(self) -> None: ...

    def close(self) -> None: ...


def features(spec: ScoreSpec, pool: object, folder: Path) -> bytes:
    names = plan(Side.FAKE, spec.samples)
    shards = gather(
        names,
        pool,  # type: ignore[arg-type]  # it has the methods
        shelf=FolderShelf(folder),
        check=lambda: None,
        tell=lambda done: None,
    )
    return np.concatenate(in_order(names, shards)).tobytes()


def test_any_number_of_workers_in_any_order_make_the_same_bits(
    spec: ScoreSpec, tmp_path: Path
) -> None:
    found = {
        features(spec, Workers(spec, count, seed), tmp_path / f"{count}-{seed}")
        for count, seed in ((1, 0), (2, 5), (3, 9))
    }
    assert len(found) == 1


def test_a_lost_shard_is_made_again(spec: ScoreSpec, tmp_path: Path) -> None:
    whole = features(spec, InlineShards(ScoreWork(spec=spec)), tmp_path / "a")
    losing = InlineShards(
        ScoreWork(spec=spec), seed=1, lose=lambda name, tries: name.index != 1 and tries < 2
    )
    assert features(spec, losing, tmp_path / "b") == whole


def test_a_shard_that_is_always_lost_fails_the_scoring(spec: ScoreSpec, tmp_path: Path) -> None:
    losing = InlineShards(ScoreWork(spec=spec), lose=lambda name, tries: name.index == 1)
    with pytest.raises(MeasurementFailed, match=f"fake-000001 was lost {MAX_TRIES} times"):
        features(spec, losing, tmp_path)


def test_what_was_made_before_is_read_and_what_is_damaged_made_again(
    spec: ScoreSpec, tmp_path: Path
) -> None:
    whole = features(spec, InlineShards(ScoreWork(spec=spec)), tmp_path)
    names = plan(Side.FAKE, spec.samples)
    damaged = tmp_path / f"{names[2]}.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-4])
    asked: list[ShardName] = []

    def lose(name: ShardName, tries: int) -> bool:
        asked.append(name)
        return False

    again = features(spec, InlineShards(ScoreWork(spec=spec), lose=lose), tmp_path)
    assert again == whole
    assert asked == [names[2]]


def test_overlap_changes_no_bit(spec: ScoreSpec) -> None:
    name = plan(Side.FAKE, 300)[0]
    digests = {ScoreWork(spec=spec, overlap=on).shard(name).digest for on in (False, True)}
    assert len(digests) == 1


def test_features_may_be_made_on_another_device(spec: ScoreSpec) -> None:
    name = plan(Side.FAKE, 300)[0]
    here = ScoreWork(spec=spec, overlap=False).shard(name)
    with Elsewhere() as elsewhere:
        there = ScoreWork(spec=spec, overlap=False, placement=ELSEWHERE).shard(name)
    # Rounding moves a pixel to the next level here and there, and with it one image's features.
    mean, expected = (shard.features.mean(axis=0) for shard in (there, here))
    np.testing.assert_allclose(mean, expected, rtol=1e-3)
    assert elsewhere.operations


def test_a_folders_images_come_by_name(pictures: Path) -> None:
    work = ScoreWork(spec=ScoreSpec(reference="fashion-mnist-32", images=str(pictures)))
    assert work.count() == 40
    pixels = work.subject.pixels(0)
    assert pixels.shape == (40, 1, 32, 32)
    assert (pixels[7, 0].numpy() == np.asarray(Image.open(pictures / "007.png"))).all()
    shard: Shard = work.shard(plan(Side.FAKE, 40)[0])
    assert shard.features.shape == (40, 64)


def scored(folder: Path) -> ScoreWork:
    return ScoreWork(spec=ScoreSpec(reference="fashion-mnist-32", images=str(folder)))


def test_a_file_that_is_no_image_is_named(pictures: Path) -> None:
    (pictures / "020.png").write_bytes(b"text")
    with pytest.raises(InvalidFile, match=r"020\.png is not an image"):
        scored(pictures).shard(plan(Side.FAKE, 40)[0])


@pytest.mark.parametrize(("mode", "size"), [("L", (16, 16)), ("RGB", (32, 32))])
def test_an_image_of_another_size_or_other_channels_is_named(
    pictures: Path, mode: str, size: tuple[int, int]
) -> None:
    Image.new(mode, size).save(pictures / "020.png")
    with pytest.raises(InvalidFile, match=r"020\.png is .*, but 000\.png beside it is 32x32 grey"):
        scored(pictures).shard(plan(Side.FAKE, 40)[0])


def test_one_image_is_too_few(tmp_path: Path) -> None:
    Image.new("L", (32, 32)).save(tmp_path / "only.png")
    with pytest.raises(InvalidInput, match="holds 1 image: at least 2 are needed"):
        scored(tmp_path).count()


def test_a_reference_of_one_image_is_too_few(pictures: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    Image.new("L", (32, 32)).save(lonely / "only.png")
    spec = replace(scored(pictures).spec, reference=str(lonely))
    with pytest.raises(InvalidInput, match="lonely holds 1 image: at least 2 are needed"):
        _ = ScoreWork(spec=spec).real
