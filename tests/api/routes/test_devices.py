import httpx


def test_a_device_is_found_by_name_and_by_id(client: httpx.Client) -> None:
    (device,) = client.get("/v1/devices").json()["devices"]
    assert (device["name"], device["kind"]) == ("cpu", "ray")
    assert client.get("/v1/devices/cpu").json() == device
    assert client.get(f"/v1/devices/{device['id']}").json() == device
