import re

import httpx


def test_all_that_the_reference_is_made_of_comes_from_here(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    wanted = re.findall(r"(?:src|href|url)\s*[=:]\s*[\"']([^\"']+)", page.text)
    assert {"/openapi.json", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"} <= set(wanted)
    for address in wanted:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200, address
