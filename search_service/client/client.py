"""The API's routes as methods; records come back as the server's JSON."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote

import httpx

from search_service.client.streaming import StreamedEvent, read_events
from search_service.client.transport import Transport, require_success
from search_service.domain.job import JobState
from search_service.errors import Refused, Unreachable

Record = dict[str, Any]

CONNECT_SECONDS = 10.0
STREAM_READ_SECONDS = 45.0  # the server says something at least every 15
RECONNECT_SECONDS = 0.5


class Client:
    """Everything a user may ask of a server. Methods raise Refused and Unreachable."""

    def __init__(
        self,
        server: str,
        api_key: str | None = None,
        *,
        patience_seconds: float = 120.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`patience_seconds`: how long a stream waits for a server that has gone away."""
        self._transport = Transport(server, api_key, transport=transport)
        self._patience = patience_seconds

    @property
    def server(self) -> str:
        """The server's address."""
        return self._transport.server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def add_supernet(self, body: Mapping[str, Any]) -> Record:
        """Register a checkpoint."""
        return self._record(self._transport.post("/v1/supernets", body))

    def supernets(self) -> list[Record]:
        """All of them, newest first."""
        return list(self._pages("/v1/supernets"))

    def supernet(self, id_or_name: str) -> Record:
        """One supernet."""
        return self._record(self._transport.get(f"/v1/supernets/{_segment(id_or_name)}"))

    def submit(
        self,
        kind: str,
        spec: Mapping[str, Any],
        *,
        priority: int = 0,
        labels: Mapping[str, str] | None = None,
    ) -> Record:
        """Queue a job."""
        body = {"kind": kind, "spec": spec, "priority": priority, "labels": dict(labels or {})}
        return self._record(self._transport.post("/v1/jobs", body))

    def finetune(self, evaluation_id: str, body: Mapping[str, Any]) -> Record:
        """Queue a job that goes on training an evaluated architecture."""
        path = f"/v1/evaluations/{_segment(evaluation_id)}/finetune"
        return self._record(self._transport.post(path, body))

    def jobs(
        self, *, state: str | None = None, supernet: str | None = None, limit: int | None = None
    ) -> list[Record]:
        """Newest first."""
        found: list[Record] = []
        for job in self._pages("/v1/jobs", {"state": state, "supernet": supernet}):
            if limit is not None and len(found) >= limit:
                break
            found.append(job)
        return found

    def job(self, job_id: str) -> Record:
        """One job."""
        return self._record(self._transport.get(f"/v1/jobs/{_segment(job_id)}"))

    def step(self, job_id: str, step: str) -> Record:
        """Cancel, pause, resume or retry."""
        return self._record(self._transport.post(f"/v1/jobs/{_segment(job_id)}/{step}"))

    def evaluations(self, job_id: str) -> list[Record]:
        """All of a job, by number."""
        return list(self._pages(f"/v1/jobs/{_segment(job_id)}/evaluations", {"page_size": 1000}))

    def job_front(self, job_id: str) -> Record:
        """The stored front of a job."""
        return self._record(self._transport.get(f"/v1/jobs/{_segment(job_id)}/front"))

    def supernet_front(
        self,
        id_or_name: str,
        *,
        objectives: Sequence[str],
        device: str | None = None,
        where: Sequence[str] = (),
    ) -> Record:
        """The front over all stored evaluations of a supernet."""
        params = {"objectives": ",".join(objectives), "device": device, "where": list(where)}
        path = f"/v1/supernets/{_segment(id_or_name)}/front"
        return self._record(self._transport.get(path, params))

    def best(
        self,
        id_or_name: str,
        *,
        minimize: str,
        device: str | None = None,
        where: Sequence[str] = (),
    ) -> Record:
        """The stored evaluation with the least value under the constraints."""
        params = {"minimize": minimize, "device": device, "where": list(where)}
        path = f"/v1/supernets/{_segment(id_or_name)}/best"
        return self._record(self._transport.get(path, params))

    def samples(self, evaluation_id: str, *, rows: int = 4) -> bytes:
        """A PNG of the images that an architecture makes, in `rows` rows and as many columns."""
        path = f"/v1/evaluations/{_segment(evaluation_id)}/samples.png"
        return self._transport.get(path, {"rows": rows}).content

    def devices(self) -> list[Record]:
        """Where latency can be measured."""
        return list(self._pages("/v1/devices"))

    def ready(self) -> bool:
        """Whether the server is there and can serve."""
        try:
            return self._transport.http.get("/readyz").status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False

    def events(self, job_id: str, *, after: int = 0) -> Iterator[StreamedEvent]:
        """A job's events in order, each once, up to the `end` of its present attempt; none of a job
        that has ended when that is not above `after`.

        A broken connection is resumed after the last event, also across a restart of the server;
        raises Unreachable when it stays away for longer than `patience_seconds`.
        """
        job = self.job(job_id)
        attempt = int(job["attempt"])
        lost_at: float | None = None  # when the stream was last there
        while True:
            try:
                before = after
                with self._stream(job_id, after) as response:
                    lost_at = None
                    for event in read_events(response.iter_lines()):
                        if event.sequence <= after:
                            continue
                        after = event.sequence
                        yield event
                        if event.kind == "end" and int(event.data["attempt"]) >= attempt:
                            return
                if after == before:
                    # It had ended before this stream began, which would have told what was left.
                    if JobState(job["state"]).terminal:
                        return
                    job = self.job(job_id)
            except (Unreachable, Refused) as error:
                starting = isinstance(error, Unreachable) or error.status >= 500
                lost_at = lost_at or time.monotonic()
                if not starting or time.monotonic() - lost_at > self._patience:
                    raise
            time.sleep(RECONNECT_SECONDS)

    @contextmanager
    def _stream(self, job_id: str, after: int) -> Iterator[httpx.Response]:
        with (
            self._transport.reaching(),
            self._transport.http.stream(
                "GET",
                f"/v1/jobs/{_segment(job_id)}/events",
                headers={"Last-Event-ID": str(after), "Accept": "text/event-stream"},
                timeout=httpx.Timeout(CONNECT_SECONDS, read=STREAM_READ_SECONDS),
            ) as response,
        ):
            if response.is_error:
                response.read()
            require_success(response)
            yield response

    def _pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Record]:
        token = None
        while True:
            page = self._record(
                self._transport.get(path, {"page_size": 200, **(params or {}), "page_token": token})
            )
            yield from page[path.rpartition("/")[2]]
            token = page.get("next_page_token")
            if token is None:
                return

    @staticmethod
    def _record(response: httpx.Response) -> Record:
        record: Record = response.json()
        return record


def _segment(id_or_name: str) -> str:
    """As it stands in a path. Raises Refused for what no id or name can be, which would be read as
    another path."""
    if "/" in id_or_name or id_or_name in ("", ".", ".."):
        raise Refused(f"nothing has the id or name {id_or_name!r}", status=HTTPStatus.NOT_FOUND)
    return quote(id_or_name, safe="")
