import subprocess
import sys

from fastapi import FastAPI


def test_importing_the_app_loads_neither_torch_nor_ray() -> None:
    script = "import sys, api.app; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert not {"torch", "ray", "workers", "plotly"} & set(loaded)


def test_every_refusal_that_is_declared_is_a_problem(app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], path
