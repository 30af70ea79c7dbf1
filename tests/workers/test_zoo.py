import pytest

from search_service.errors import InvalidFile
from workers import zoo


def test_shipped_files_are_found_by_name() -> None:
    assert zoo.path("fashion-classifier/weights.safetensors").is_file()


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(InvalidFile, match=r"has no biggan; it holds: .*fashion-classifier"):
        zoo.path("biggan")
