"""What was judged of each supernet: its tail of single rows and blocks in the database, and the
columns that this process has made of them.

Whoever records an evaluation adds a row to the tail, in the same transaction and without waiting
for others. Now and then one process moves the tail into blocks: it deletes the rows that it sees,
which are committed, and puts them into the last block, in one transaction that no two are in at
once. So a row is in exactly one of the two at any moment, whatever the order of commits, and a
reader who takes both in one statement misses nothing. What a process has read of blocks it need not
read again; rows of the tail that it has read already are known when they turn up in a block.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import (
    CompoundSelect,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    literal_column,
    null,
    select,
    text,
    union_all,
)

from search_service.domain.evaluation import Evaluation
from search_service.domain.judged import Block, Judged, row_bytes
from search_service.storage.sql import rows, tables
from search_service.storage.sql.engine import Database, insert_into

BLOCK_ROWS = 1024
MOVED_AFTER = 256  # evaluations of a job, by whoever records them
LONG_TAIL = 512  # is moved by whoever reads it
_TAIL_READ = 2048
_MOVED_AT_ONCE = 4096
_BLOCKS_AT_ONCE = 128
_IDS_A_QUERY = 500
_WAIT_SECONDS = 0.01
_ROWS_KEPT = 4_000_000  # of all supernets together, in this process
_POSTGRESQL_LOCK = 0x6A756467

_blocks = tables.judged_blocks.c
_tail = tables.judged_tail.c


def _news() -> CompoundSelect[Any]:
    """Blocks from the last one known, whose bytes are left out if it is as it was; and the tail."""
    number, size = (bindparam(name, type_=Integer) for name in ("known_number", "known_size"))
    as_it_was = and_(_blocks.number == number, _blocks.size == size)
    blocks = (
        select(
            _blocks.number,
            _blocks.size,
            literal_column("''", String).label("evaluation"),
            case((as_it_was, cast(null(), LargeBinary)), else_=_blocks.block).label("block"),
        )
        .where(_blocks.supernet == bindparam("of"), _blocks.number >= number)
        .order_by(_blocks.number)
        .limit(_BLOCKS_AT_ONCE)
        .subquery()
    )
    tail = (
        select(
            cast(null(), Integer).label("number"),
            literal_column("0", Integer).label("size"),
            _tail.evaluation,
            _tail.block,
        )
        .where(_tail.supernet == bindparam("of"))
        .limit(_TAIL_READ)
        .subquery()
    )
    return union_all(select(blocks), select(tail))


_NEWS = _news()


@dataclass(kw_only=True)
class _Known:
    """What this process knows of a supernet."""

    judged: Judged = field(default_factory=Judged)
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = 0  # of the last block that was read
    size: int = 0  # how many rows it had then
    ahead: dict[str, bytes] = field(default_factory=dict)  # by evaluation: of the tail


class JudgedRows:
    """The columns of each supernet, brought up to date by what the database has more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def of(self, supernet: str) -> Iterator[Judged]:
        """Caught up, for one thread at a time."""
        with self._lock:
            known = self._known.setdefault(supernet, _Known())
            self._known.move_to_end(supernet)
            self._forget_old()
        with known.lock:
            while not self._read(supernet, known):
                if not self.move_tail(supernet):
                    time.sleep(_WAIT_SECONDS)  # for the process that is at it
            yield known.judged

    def move_tail(self, supernet: str) -> bool:
        """Move rows of the tail into blocks; whether any were, and not another was at it."""
        with self._database.writing() as connection:
            return _move_tail(connection, supernet)

    def move_tails(self) -> None:
        """Of every supernet, all of it: after a migration they hold all that was ever measured."""
        with self._database.reading() as connection:
            supernets = list(connection.execute(select(_tail.supernet).distinct()).scalars())
        for supernet in supernets:
            while self.move_tail(supernet):
                pass

    def _forget_old(self) -> None:
        while (
            len(self._known) > 1 and sum(k.judged.size for k in self._known.values()) > _ROWS_KEPT
        ):
            self._known.popitem(last=False)

    def _read(self, supernet: str, known: _Known) -> bool:
        """Read what is new; False if the tail is too long to be read."""
        asked = {"of": supernet, "known_number": known.number, "known_size": known.size}
        found = self._database.rows(_NEWS, asked, committed=True)
        tail = {row.evaluation: row.block for row in found if row.number is None}
        unmade = [id_ for id_, block in tail.items() if block is None]
        if unmade:
            with self._database.committed() as connection:
                tail |= _made(connection, unmade)
        blocks = sorted((r for r in found if r.number is not None), key=lambda r: r.number)
        if known.size and (not blocks or blocks[0].size < known.size):
            # The database is not the one that was read: begin anew.
            known.judged, known.number, known.size, known.ahead = Judged(), 0, 0, {}
            return self._read(supernet, known)
        _take_blocks(known, blocks)
        if len(blocks) == _BLOCKS_AT_ONCE:
            return self._read(supernet, known)
        if len(tail) == _TAIL_READ:
            return False
        _take_tail(known, tail)
        if len(tail) > LONG_TAIL:
            self.move_tail(supernet)
        return True


def tail_row(evaluation: Evaluation) -> dict[str, Any]:
    """What recording a measured evaluation adds to the tail."""
    return {
        "evaluation": evaluation.id,
        "supernet": evaluation.supernet,
        "block": row_bytes(evaluation),
    }


def _take_blocks(known: _Known, found: Sequence[Row[Any]]) -> None:
    new = []
    for row in found:
        start = known.size if row.number == known.number else 0
        if row.size > start:
            new.append(Block.from_bytes(row.block).rows(slice(start, row.size)))
        known.number, known.size = row.number, row.size
    if new:
        block = Block.joined(new)
        known.judged.append(_without_known(known, block) if known.ahead else block)


def _without_known(known: _Known, block: Block) -> Block:
    keep = np.ones(len(block), dtype=bool)
    for i, id_ in enumerate(block.ids.tolist()):
        ahead = known.ahead.pop(id_.decode(), None)
        keep[i] = ahead is None or ahead != block.row(i).to_bytes()
    return block.rows(keep)


def _take_tail(known: _Known, tail: Mapping[str, bytes]) -> None:
    new = {id_: stored for id_, stored in tail.items() if known.ahead.get(id_) != stored}
    if new:
        known.judged.append(Block.joined([Block.from_bytes(stored) for stored in new.values()]))
        known.ahead |= new


def _move_tail(connection: Connection, supernet: str) -> bool:
    if connection.dialect.name == "postgresql":
        mine = text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:supernet))")
        if not connection.execute(
            mine, {"space": _POSTGRESQL_LOCK, "supernet": supernet}
        ).scalar_one():
            return False
    chosen: Select[Any] = (
        select(_tail.evaluation)
        .where(_tail.supernet == supernet)
        .order_by(_tail.evaluation)
        .limit(_MOVED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.execute(chosen).scalars())
    if not ids:
        return False
    taken = delete(tables.judged_tail).where(_tail.evaluation.in_(ids))
    tail = {
        row.evaluation: row.block
        for row in connection.execute(taken.returning(_tail.evaluation, _tail.block))
    }
    tail |= _made(connection, [id_ for id_, block in tail.items() if block is None])
    _add_to_blocks(connection, supernet, [tail[id_] for id_ in sorted(tail)])
    return True


def _add_to_blocks(connection: Connection, supernet: str, added: list[bytes]) -> None:
    last = (
        select(_blocks.number, _blocks.size, _blocks.block)
        .where(_blocks.supernet == supernet)
        .order_by(_blocks.number.desc())
        .limit(1)
    )
    open_ = connection.execute(last).first()
    number = 1 if open_ is None else open_.number
    stored = [] if open_ is None else [open_.block]
    joined = Block.joined([Block.from_bytes(some) for some in [*stored, *added]])
    insert = insert_into(connection, tables.judged_blocks)
    upsert = insert.on_conflict_do_update(
        index_elements=["supernet", "number"],
        set_={"size": insert.excluded.size, "block": insert.excluded.block},
    )
    parts = joined.split(BLOCK_ROWS)
    new = [
        {"supernet": supernet, "number": n, "size": len(part), "block": part.to_bytes()}
        for n, part in enumerate(parts, start=number)
    ]
    connection.execute(upsert, new)


def _made(connection: Connection, ids: list[str]) -> dict[str, bytes]:
    """The blocks of evaluations that came without, from their rows."""
    made = {}
    for start in range(0, len(ids), _IDS_A_QUERY):
        chosen = tables.evaluations.c.id.in_(ids[start : start + _IDS_A_QUERY])
        for row in connection.execute(select(tables.evaluations).where(chosen)).mappings():
            made[row["id"]] = Block.of([rows.evaluation(row)]).to_bytes()
    return made
