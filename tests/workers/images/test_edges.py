import numpy as np
import pytest
from numpy.typing import NDArray

from workers.images.edges import CHUNK, edges


def square() -> NDArray[np.uint8]:
    image = np.zeros((1, 32, 32), np.uint8)
    image[0, 8:24, 10:22] = 255
    return image


def test_a_square_is_outlined_by_one_line_of_pixels() -> None:
    (found,) = edges(square()) > 0
    assert found.any()
    middle = found[16]
    assert middle.sum() == 2  # one pixel at each side
    left, right = np.flatnonzero(middle)
    assert abs(left - 9.5) <= 0.5
    assert abs(right - 21.5) <= 0.5


def test_a_plain_image_has_no_edges() -> None:
    assert not edges(np.full((2, 16, 16), 130, np.uint8)).any()


def test_edges_are_black_and_white() -> None:
    noise = np.random.default_rng(0).integers(256, size=(3, 32, 32), dtype=np.uint8)
    assert set(np.unique(edges(noise))) == {0, 255}


def test_an_image_does_not_depend_on_its_neighbours() -> None:
    noise = np.random.default_rng(1).integers(256, size=(4, 32, 32), dtype=np.uint8)
    together, alone = edges(noise), np.concatenate([edges(image[None]) for image in noise])
    assert (together == alone).all()
    many = np.resize(noise, (CHUNK + 3, 32, 32))
    assert (edges(many) == np.resize(together, many.shape)).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_image_has_turned_edges_up_to_a_pixel(turns: int) -> None:
    turned = np.rot90(edges(square()), turns, (1, 2))
    found = edges(np.rot90(square(), turns, (1, 2)).copy())
    assert abs(int((found > 0).sum()) - int((turned > 0).sum())) <= 4


def test_a_weak_edge_counts_only_where_it_meets_a_strong_one() -> None:
    faint = np.zeros((1, 32, 32), np.uint8)
    faint[0, 8:24, 10:22] = 40
    assert not edges(faint).any()
    fading = np.zeros((1, 32, 32), np.uint8)
    fading[0, 8:24, 10:22] = np.linspace(255, 30, 16)[:, None]
    assert (edges(fading)[0, 20:22] > 0).any()  # as faint there, but its upper end is strong
