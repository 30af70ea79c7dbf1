import pytest

from search_service.recipes.watching import HELD_OUT, TRAIN, is_warning, overfits, warning


@pytest.mark.parametrize(
    ("train", "held_out", "expected"),
    [(1.0, 0.2, True), (0.95, 0.3, True), (0.94, 0.2, False), (1.0, 0.31, False), (1, 1, False)],
)
def test_images_known_by_heart_are_known_and_others_are_not(
    train: float, held_out: float, expected: bool
) -> None:
    assert overfits({TRAIN: train, HELD_OUT: held_out}) is expected


def test_a_line_without_accuracies_is_no_warning() -> None:
    assert not overfits({"images": 64, "generator": 1.0})
    assert not overfits({TRAIN: 1.0})


def test_a_warning_says_what_was_seen_and_is_known_again() -> None:
    text = warning({"images": 6400, TRAIN: 0.987, HELD_OUT: 0.214})
    assert "6400 images" in text
    assert "99%" in text
    assert "21%" in text
    assert is_warning({"message": text})
    assert not is_warning({"message": "6400 images: generator 1.5"})
    assert not is_warning({})
