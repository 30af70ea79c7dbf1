"""One supernet's actors at a time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from search_service.errors import InvalidFile
from workers.kept_pool import KeptPool
from workers.pool.spec import EvaluatorSpec


def go_on() -> None:
    """A check that lets everything go on."""


@pytest.fixture
def kept(workplace: Any, tmp_path: Path) -> KeptPool:
    return KeptPool(workplace.machines.pool, references=tmp_path)


def test_the_next_job_on_a_supernet_finds_its_actors_alive(workplace: Any, kept: KeptPool) -> None:
    supernet = workplace.register()
    assert kept.of(supernet, check=go_on) is kept.of(supernet, check=go_on)
    assert [pool.closed for pool in workplace.machines.pools] == [False]


def test_another_supernet_ends_them(workplace: Any, kept: KeptPool) -> None:
    first, second = workplace.register("first"), workplace.register("second")
    kept.of(first, check=go_on)
    kept.of(second, check=go_on)
    kept.of(first, check=go_on)
    assert [pool.closed for pool in workplace.machines.pools] == [True, True, False]


def test_after_a_checkpoint_that_has_gone_the_next_supernet_is_served(
    workplace: Any, kept: KeptPool, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    good = workplace.register("good")
    path.write_bytes(Path(good.checkpoint).read_bytes())
    gone = workplace.register("gone", checkpoint=str(path))
    kept.of(good, check=go_on)
    path.unlink()
    with pytest.raises(InvalidFile):
        kept.of(gone, check=go_on)
    kept.of(good, check=go_on)
    assert [pool.closed for pool in workplace.machines.pools] == [True, False]


def test_a_file_that_is_no_longer_the_registered_one_is_refused(
    workplace: Any, kept: KeptPool, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(Path(workplace.register("shipped").checkpoint).read_bytes())
    supernet = workplace.register("own", checkpoint=str(path))
    kept.of(supernet, check=go_on)
    registered = replace(supernet, digest=kept.digest)
    kept.close()
    kept.of(registered, check=go_on)
    kept.close()
    save_file({"w": torch.ones(1)}, path)
    with pytest.raises(InvalidFile, match=f"no longer the file .* not {registered.digest}; put"):
        kept.of(registered, check=go_on)


def test_a_users_folder_and_file_reach_the_actors_as_whole_paths(
    workplace: Any, tmp_path: Path
) -> None:
    specs: list[EvaluatorSpec] = []

    def pool(spec: EvaluatorSpec, *, check: Any) -> Any:
        specs.append(spec)
        return workplace.machines.pool(spec, check=check)

    registered = workplace.register()
    kept = KeptPool(pool, references=Path("references"))
    kept.of(
        replace(registered, dataset="two-folders:own", feature_extractor="inception:eyes.pt"),
        check=go_on,
    )
    judging = specs[0].judging
    assert (judging.dataset, judging.data) == ("two-folders", Path.cwd() / "own")
    assert (judging.feature_extractor, judging.extractor_file) == (
        "inception",
        Path.cwd() / "eyes.pt",
    )
    assert judging.references == Path.cwd() / "references"
