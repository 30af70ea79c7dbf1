import pytest

from search_service.domain.datasets import (
    FIXED,
    LABELLED,
    MAPS,
    TWO_DOMAINS,
    USER_FOLDERS,
    name_and_folder,
    with_folder,
)
from workers import images


def test_every_name_has_a_reader_of_its_kind_and_every_reader_a_name() -> None:
    assert sorted(images.DATASETS) == sorted(LABELLED)
    assert sorted(images.DOMAINS) == sorted(TWO_DOMAINS)
    assert sorted(images.MAPS) == sorted(MAPS)


def test_a_name_is_fixed_or_a_users_folder() -> None:
    assert sorted([*FIXED, *USER_FOLDERS]) == sorted([*LABELLED, *TWO_DOMAINS, *MAPS])


@pytest.mark.parametrize("text", ["two-folders:/a/b", "folder-of-maps:/c:d", "fashion-mnist-32"])
def test_a_text_comes_back_from_its_parts(text: str) -> None:
    assert with_folder(*name_and_folder(text)) == text


def test_fixed_content_is_not_told_by_where_it_lies() -> None:
    assert with_folder("fashion-mnist-edges", "/somewhere") == "fashion-mnist-edges"
