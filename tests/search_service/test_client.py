"""The client against a transport that answers as a server would, or breaks as a network does."""

import json
from collections.abc import Callable

import httpx
import pytest

from search_service.client import Client
from search_service.errors import InvalidInput, Refused, Unreachable

SERVER = "http://gansearch.test"


def answering(handler: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client(SERVER, "secret", transport=httpx.MockTransport(handler))


def event(sequence: int, kind: str, **data: object) -> str:
    return f"id: {sequence}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"


def test_a_refusal_is_one_line_with_the_fields_it_complains_about() -> None:
    problem = {
        "title": "Unprocessable Content",
        "detail": "the body is not valid",
        "errors": [{"pointer": "/spec/seed", "detail": "must be\nat least 0"}],
    }
    client = answering(lambda _: httpx.Response(422, json=problem))
    with client, pytest.raises(Refused) as caught:
        client.submit("search", {})
    assert str(caught.value) == "the body is not valid (/spec/seed: must be at least 0)"
    assert caught.value.status == 422


def test_another_kind_of_server_is_told_apart() -> None:
    client = answering(lambda _: httpx.Response(502, text="<html>"))
    with client, pytest.raises(Refused, match=r"502 .*is it a gansearch server"):
        client.jobs()


def test_without_a_server_it_says_how_to_start_one() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match="gansearch up"):
        client.jobs()


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(InvalidInput, match="http://"):
        Client("localhost:8000")


def test_a_creating_request_tried_again_carries_the_same_key() -> None:
    keys = []

    def breaking_once(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1:
            raise httpx.ReadError("connection reset", request=request)
        return httpx.Response(201, json={"id": "job_1"})

    with answering(breaking_once) as client:
        assert client.submit("search", {})["id"] == "job_1"
    assert len(keys) == 2
    assert keys[0] == keys[1]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../jobs"])
def test_what_can_be_no_name_is_not_asked_for(name: str) -> None:
    client = answering(lambda _: pytest.fail("asked"))
    with client, pytest.raises(Refused, match="nothing has the id or name"):
        client.supernet(name)


@pytest.mark.parametrize("name", ["a?b", "a#b", "a b", "100%", "ü"])
def test_a_name_stays_one_part_of_the_path(name: str) -> None:
    def named(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"name": request.url.path.removeprefix("/v1/supernets/")})

    with answering(named) as client:
        assert client.supernet(name) == {"name": name}


def test_pages_are_followed_to_the_end() -> None:
    def paged(request: httpx.Request) -> httpx.Response:
        if "page_token" in request.url.params:
            return httpx.Response(200, json={"jobs": [{"id": "b"}]})
        return httpx.Response(200, json={"jobs": [{"id": "a"}], "next_page_token": "t"})

    with answering(paged) as client:
        assert [job["id"] for job in client.jobs()] == ["a", "b"]


def test_a_stream_that_breaks_goes_on_after_the_last_whole_event() -> None:
    asked = []

    def streaming(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json={"attempt": 1, "state": "running"})
        asked.append(request.headers["Last-Event-ID"])
        if len(asked) == 1:  # the second event is cut short
            return httpx.Response(200, text=event(1, "state") + ": hello\nid: 2\nevent: log\n")
        if len(asked) == 2:
            return httpx.Response(503, json={"title": "starting"})
        return httpx.Response(200, text=event(2, "log", message="on") + event(3, "end", attempt=1))

    with answering(streaming) as client:
        assert [e.sequence for e in client.events("job_1")] == [1, 2, 3]
    assert asked == ["0", "1", "1"]


def test_the_end_of_an_earlier_attempt_does_not_end_the_stream() -> None:
    text = event(1, "end", attempt=1) + event(2, "state") + event(3, "end", attempt=2)

    def streaming(request: httpx.Request) -> httpx.Response:
        events = request.url.path.endswith("/events")
        return (
            httpx.Response(200, text=text) if events else httpx.Response(200, json={"attempt": 2})
        )

    with answering(streaming) as client:
        assert [e.sequence for e in client.events("job_1")] == [1, 2, 3]


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_after_the_last_event_of_a_job_that_has_ended_there_is_nothing(state: str) -> None:
    streams = 0

    def streaming(request: httpx.Request) -> httpx.Response:
        nonlocal streams
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json={"attempt": 1, "state": state})
        streams += 1
        assert streams == 1, "asked again for what there is none of"
        return httpx.Response(200, text=": nothing more\n\n")

    with answering(streaming) as client:
        assert list(client.events("job_1", after=9)) == []


def test_an_empty_stream_of_a_job_that_ended_during_it_is_asked_for_once_more() -> None:
    """A proxy may close a stream of its own accord, and what is told meanwhile must not be lost."""
    states, texts = ["running", "succeeded"], ["", event(1, "end", attempt=1)]

    def streaming(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/events"):
            return httpx.Response(200, json={"attempt": 1, "state": states.pop(0)})
        return httpx.Response(200, text=texts.pop(0))

    with answering(streaming) as client:
        assert [e.sequence for e in client.events("job_1")] == [1]
