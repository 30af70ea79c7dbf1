"""A part that ends by itself is started again, and is a fault unless something explains it."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.chaos import falling
from infra.chaos.component import Component, Kind
from infra.chaos.falling import Falling
from infra.chaos.session import Session


class Part(Component):
    """Processes that end with a status, or never."""

    def __init__(self, kind: Kind, folder: Path, *, needs: frozenset[Kind]) -> None:
        super().__init__(f"{kind}-1")
        self.kind, self.needs = kind, needs  # type: ignore[misc]  # the class's own, elsewhere
        self.ends_with: int | None = None  # what is started next
        self.up = True
        self.said: list[str] = []
        self._log = folder / f"{kind}.log"

    def launch(self) -> Session:
        code = f"raise SystemExit({self.ends_with})"
        if self.ends_with is None:
            code = "import time; time.sleep(600)"
        return Session([sys.executable, "-c", code], environment=os.environ, log=self._log)

    def serves(self) -> bool:
        return self.up

    def losses(self) -> list[str]:
        said, self.said = self.said, []
        return said


def end(part: Part, status: int) -> None:
    """Have it end so."""
    part.kill()
    part.ends_with = status
    part.start()
    while not part.ended:
        time.sleep(0.01)
    part.ends_with = None


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Part]]:
    parts: list[Part] = []

    def started(kind: Kind, needs: frozenset[Kind] = frozenset()) -> Part:
        parts.append(Part(kind, tmp_path, needs=needs))
        parts[-1].start()
        return parts[-1]

    yield started
    for part in parts:
        part.kill()


def fallen(falling: Falling, *troubled: Component) -> list[Component]:
    return falling.fallen(down=(), troubled=troubled)


@pytest.mark.parametrize("kind", list(Kind))
def test_one_that_ends_while_all_is_well_is_a_fault_and_started_again(
    make: Callable[..., Part], kind: Kind
) -> None:
    part = make(kind)
    watch = Falling([part])
    assert fallen(watch) == []
    end(part, 3)
    assert fallen(watch) == [part]
    assert watch.faults == [f"{kind}-1 ended with status 3 by itself"]
    assert not part.ended
    assert fallen(watch) == []


def test_one_that_was_ended_on_purpose_is_left_down(make: Callable[..., Part]) -> None:
    part = make(Kind.REDIS)
    watch = Falling([part])
    part.kill()
    assert watch.fallen(down=[part], troubled=[part]) == []
    assert part.ended


def test_one_may_end_while_it_begins_without_what_it_needs(make: Callable[..., Part]) -> None:
    database, api = make(Kind.POSTGRES), make(Kind.API, needs=frozenset({Kind.POSTGRES}))
    watch = Falling([database, api])
    api.up = False
    api.kill()
    watch.start(api)
    watch.struck(database)
    end(api, 1)
    assert fallen(watch, database) == [api]
    assert watch.faults == []


def test_one_that_served_must_outlive_what_it_needs(make: Callable[..., Part]) -> None:
    database, api = make(Kind.POSTGRES), make(Kind.API, needs=frozenset({Kind.POSTGRES}))
    watch = Falling([database, api])
    watch.struck(database)
    end(api, 1)
    assert fallen(watch, database) == [api]
    assert watch.faults == ["api-1 ended with status 1 by itself"]


def test_a_node_of_ray_may_end_with_its_head(make: Callable[..., Part]) -> None:
    head, node = make(Kind.HEAD), make(Kind.NODE, needs=frozenset({Kind.HEAD}))
    watch = Falling([head, node])
    watch.struck(head)
    assert fallen(watch, head) == []
    end(node, 1)
    assert fallen(watch) == [node]
    assert watch.faults == []


def test_a_node_of_ray_may_end_when_it_had_stood_still(make: Callable[..., Part]) -> None:
    node = make(Kind.NODE)
    watch = Falling([node])
    watch.struck(node)
    end(node, 1)
    assert fallen(watch) == [node]
    assert watch.faults == []


def test_a_process_that_a_part_replaced_is_counted_once(
    make: Callable[..., Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(falling, "LOOK_SECONDS", 0.0)
    worker = make(Kind.WORKER)
    worker.said = ["of before"]
    watch = Falling([worker])
    assert fallen(watch) == []
    worker.said = ["its process ended with status 1; another follows"]
    assert fallen(watch) == [worker]
    assert fallen(watch) == []
    assert watch.faults == []
