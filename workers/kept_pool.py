"""The pool of one supernet at a time, kept for the next job that needs the same."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from search_service.domain.datasets import name_and_folder
from search_service.domain.supernet import Supernet
from search_service.errors import InvalidFile
from search_service.pools import Pool
from workers.checkpoint_uri import Checkpoint, checkpoint_at
from workers.evaluation import Judging
from workers.pool.spec import EvaluatorSpec


class SupernetPool(Pool, Protocol):
    """A pool whose actors all hold one supernet."""

    @property
    def image_protocols(self) -> Mapping[str, Any]:
        """See ArchitectureEvaluator."""
        ...

    def rest(self) -> None:
        """To be called now and then while nothing is asked for: gives back what is idle."""
        ...

    def close(self) -> None:
        """End the actors."""
        ...


class MakePool(Protocol):
    """How a pool comes to be."""

    def __call__(self, spec: EvaluatorSpec, /, *, check: Callable[[], None]) -> SupernetPool:
        """Actors for one supernet. Raises InvalidInput when the parts do not fit each other, and
        whatever `check` raises, which is called every second or so until the first is there."""
        ...


class KeptPool:
    """Owns at most one pool; asking for another supernet's closes it."""

    def __init__(self, make: MakePool, *, references: Path) -> None:
        """`references` is the folder of reference statistics that are computed here."""
        self._make = make
        self._references = references
        self._kept: tuple[str, SupernetPool] | None = None  # of the supernet with this id
        self.digest = ""  # of the checkpoint whose weights the last pool was made with

    def of(self, supernet: Supernet, *, check: Callable[[], None]) -> SupernetPool:
        """Raises InvalidInput when the supernet's parts cannot be had, do not fit each other or are
        no longer those that were registered, and what `check` raises, which is called every second
        or so while there is no actor yet."""
        if self._kept is not None:
            kept, pool = self._kept
            if kept == supernet.id:
                return pool
            self.close()
        checkpoint = checkpoint_at(supernet.checkpoint)
        if supernet.digest not in ("", checkpoint.digest):
            raise InvalidFile(
                f"{supernet.checkpoint} is no longer the file that was registered as "
                f"{supernet.name}: its SHA-256 is {checkpoint.digest}, not {supernet.digest}; "
                "put that file back, or register the new one under a name of its own"
            )
        pool = self._make(self._spec(supernet, checkpoint), check=check)
        self._kept, self.digest = (supernet.id, pool), checkpoint.digest
        return pool

    def rest(self) -> None:
        """Give back what the kept pool has no work for."""
        if self._kept is not None:
            self._kept[1].rest()

    def close(self) -> None:
        """End the kept pool's actors, so that their cores are free; `of` makes new ones."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None

    def _spec(self, supernet: Supernet, checkpoint: Checkpoint) -> EvaluatorSpec:
        name, _, path = supernet.feature_extractor.partition(":")
        dataset, folder = name_and_folder(supernet.dataset)
        return EvaluatorSpec(
            family=supernet.family,
            parameters=supernet.parameters,
            weights=checkpoint.weights,
            judging=Judging(
                dataset=dataset,
                data=Path(folder).absolute() if folder else None,
                feature_extractor=name,
                extractor_file=Path(path).absolute() if path else None,
                references=self._references.absolute(),
            ),
        )
