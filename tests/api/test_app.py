import pkgutil
import subprocess
import sys

from fastapi import FastAPI


def loaded_by(modules: list[str]) -> set[str]:
    """All modules that are there once these are imported, in a process of its own."""
    script = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", script], text=True).split())


def test_importing_the_app_loads_neither_torch_nor_ray() -> None:
    assert not {"torch", "ray", "workers", "plotly"} & loaded_by(["api.app"])


def test_promise_5_no_module_of_the_control_plane_loads_torch_or_ray() -> None:
    """Whatever is imported late, too, as each module of the two packages is one here."""
    import api
    import search_service

    every = [
        module.name
        for package in (api, search_service)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__") and ".migrations." not in module.name
    ]
    assert len(every) > 150
    assert not {"torch", "ray", "workers"} & loaded_by(every)


def test_every_refusal_that_is_declared_is_a_problem(app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], path
