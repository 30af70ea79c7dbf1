import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/v1/families", {"anycost"}),
        ("/v1/searchers", {"random", "exhaustive", "evolution", "nsga2"}),
        ("/v1/objectives", {"fid", "latency_ms", "macs", "params"}),
    ],
)
def test_what_may_be_asked_for_is_listed(client: httpx.Client, path: str, known: set[str]) -> None:
    listed = {each["name"]: each["parameters"] for each in client.get(path).json()}
    assert known <= listed.keys()
    assert all(schema.get("type", "object") == "object" for schema in listed.values())


def test_timed_objectives_need_a_device(client: httpx.Client) -> None:
    listed = {each["name"]: each for each in client.get("/v1/objectives").json()}
    assert listed["latency_ms"]["parameters"]["required"] == ["device"]
    assert listed["macs"]["parameters"] == {}
