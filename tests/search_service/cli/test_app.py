import subprocess
import sys


def test_a_command_does_not_wait_for_what_it_does_not_use() -> None:
    script = "import sys, search_service.cli.app; print(*sys.modules)"
    imported = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert not {"fastapi", "matplotlib", "optuna", "ray", "scipy", "torch"} & set(imported)
