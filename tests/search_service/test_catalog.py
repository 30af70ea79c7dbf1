from pathlib import Path

import pytest

from search_service.catalog import check_dataset
from search_service.errors import InvalidFile, UnknownName


def test_a_users_data_is_named_with_its_folder(tmp_path: Path) -> None:
    check_dataset(f"folder-of-maps:{tmp_path}")
    with pytest.raises(InvalidFile, match="no folder at '/gone'") as raised:
        check_dataset("folder-of-maps:/gone")
    assert raised.value.pointer == "/dataset"


@pytest.mark.parametrize("text", ["faces", "folder-of-maps", "fashion-mnist-32:/data"])
def test_other_data_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(UnknownName, match=r"known: fashion-mnist-32, .* two-folders:<folder>"):
        check_dataset(text)
