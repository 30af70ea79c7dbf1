"""Whatever makes another answer makes another fingerprint."""

import shutil
import subprocess
import sys
from pathlib import Path

import api

SCRIPT = "from api.build import fingerprint; print(fingerprint())"


def fingerprint_in(folder: Path) -> str:
    return subprocess.check_output([sys.executable, "-c", SCRIPT], text=True, cwd=folder).strip()


def test_another_source_is_another_build_and_another_place_is_not(tmp_path: Path) -> None:
    root = Path(api.__path__[0]).parent
    for package in ("api", "search_service"):
        shutil.copytree(root / package, tmp_path / package)
    here = fingerprint_in(root)
    assert fingerprint_in(tmp_path) == here
    source = tmp_path / "search_service" / "fronts.py"
    source.write_text(source.read_text() + "\n")
    assert fingerprint_in(tmp_path) != here
