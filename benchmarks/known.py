"""What was recorded of a supernet, beside the database, and what it must be answered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import psycopg
from numpy.typing import NDArray

from search_service.domain.evaluation import Evaluation

NAMES = ("fid", "latency_ms", "macs", "params")
Samples = Mapping[str, NDArray[np.float64]]
_READ = 50_000  # rows at once
_COLUMNS = ", ".join(f"{name}.value" for name in NAMES)
_JOINS = " ".join(
    f"JOIN evaluation_order AS {name} ON {name}.job = e.job AND {name}.number = e.number"
    f" AND {name}.name = '{name}'"
    for name in NAMES
)
_ALL = f"SELECT e.id, e.architecture, {_COLUMNS} FROM evaluations AS e {_JOINS} WHERE e.supernet = "


class Known:
    """Evaluations that all have a value of every name."""

    def __init__(self) -> None:
        self._ids: list[NDArray[np.bytes_]] = []
        self._architectures: list[NDArray[np.int64]] = []
        self._values: list[NDArray[np.float64]] = []  # (n, NAMES)

    def add(self, evaluations: Sequence[Evaluation]) -> None:
        """Some more, at least one."""
        self._ids.append(np.array([e.id.encode() for e in evaluations]))
        self._architectures.append(np.array([hash(e.architecture) for e in evaluations]))
        self._values.append(
            np.array([[e.values[name].value for name in NAMES] for e in evaluations])
        )

    @classmethod
    def read(cls, url: str, supernet: str) -> "Known":
        """What a database holds."""
        known = cls()
        with psycopg.connect(url) as connection, connection.cursor("all") as cursor:
            cursor.itersize = _READ
            cursor.execute(_ALL + "%s", (supernet,))
            while rows := cursor.fetchmany(_READ):
                ids, texts, *values = zip(*rows, strict=True)
                known._ids.append(np.array([id_.encode() for id_ in ids]))
                known._architectures.append(np.array([hash(text) for text in texts]))
                known._values.append(np.array(values).T)
        return known

    def __len__(self) -> int:
        return sum(map(len, self._ids))

    def samples(self, count: int, rng: np.random.Generator) -> Samples:
        """So many values of each name."""
        chosen = np.concatenate(self._values)[rng.integers(0, len(self), count)]
        return dict(zip(NAMES, chosen.T, strict=True))

    def answer(self, question: "Question") -> list[str]:
        """Ids of the front of two objectives, or of the best, by reading everything."""
        ids, architectures = np.concatenate(self._ids), np.concatenate(self._architectures)
        columns = dict(zip(NAMES, np.concatenate(self._values).T, strict=True))
        order = np.lexsort((ids, architectures))
        latest = order[np.append(np.diff(architectures[order]) != 0, [True])]
        for name, bound in question.bounds:
            latest = latest[columns[name][latest] <= bound]
        first, *others = (columns[name][latest] for name in question.names)
        if not len(latest):
            found = latest
        elif question.route == "best":
            found = latest[[np.lexsort((ids[latest], first))[0]]]
        else:
            (second,) = others
            order = np.lexsort((second, first))
            least = np.minimum.accumulate(np.append(np.inf, second[order]))[:-1]
            found = latest[order[second[order] < least]]
        return [id_.decode() for id_ in ids[found].tolist()]


@dataclass(frozen=True, kw_only=True)
class Question:
    """About a supernet: its front of some objectives, or the best of one."""

    route: str
    names: tuple[str, ...]
    bounds: tuple[tuple[str, float], ...]

    @classmethod
    def drawn(
        cls,
        asked: tuple[str, str, tuple[str, ...]],
        samples: Samples,
        rng: np.random.Generator,
    ) -> "Question":
        """With bounds anywhere from the least twentieth of the values to the greatest."""
        route, names, bounded = asked
        bounds = [
            (name, float(f"{np.quantile(samples[name], rng.uniform(0.05, 1.0)):.6g}"))
            for name in bounded
        ]
        return cls(route=route, names=tuple(names.split(",")), bounds=tuple(bounds))

    def path(self, supernet: str) -> str:
        """Where it is asked."""
        named = "minimize" if self.route == "best" else "objectives"
        where = [("where", f"{name}<={bound!r}") for name, bound in self.bounds]
        query = urlencode([(named, ",".join(self.names)), ("device", "cpu"), *where])
        return f"/v1/supernets/{supernet}/{self.route}?{query}"
