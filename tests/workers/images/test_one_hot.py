import pytest
import torch
from torch import Tensor

from search_service.errors import InvalidInput
from workers.images.one_hot import UNKNOWN, check_labels, one_hot


def maps(*planes: list[list[int]]) -> Tensor:
    return torch.tensor([planes], dtype=torch.uint8)


def test_each_pixel_is_of_one_class() -> None:
    labels = torch.randint(0, 4, (3, 1, 5, 6)).byte()
    expanded = one_hot(labels, 4)
    assert expanded.shape == (3, 4, 5, 6)
    assert torch.equal(expanded.sum(1), torch.ones(3, 5, 6))
    assert torch.equal(expanded.argmax(1), labels[:, 0].long())


def test_edges_are_the_last_channel() -> None:
    expanded = one_hot(maps([[0, 1], [2, 2]], [[1, 0], [0, 1]]), 4)
    assert expanded[0, 3].tolist() == [[1, 0], [0, 1]]
    assert expanded[0, :3].argmax(0).tolist() == [[0, 1], [2, 2]]


def test_unknown_pixels_are_of_the_last_class() -> None:
    expanded = one_hot(maps([[0, UNKNOWN]], [[0, 0]]), 4)
    assert expanded[0, :, 0, 1].tolist() == [0, 0, 1, 0]


def test_the_maps_are_not_changed() -> None:
    given = maps([[0, UNKNOWN]])
    one_hot(given, 3)
    assert given.tolist() == [[[[0, UNKNOWN]]]]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([[0, 3]], "holds label 3, but the supernet's 4 input channels are 3 classes and one of"),
        ([[2, UNKNOWN]], "holds both label 2 and unknown pixels"),
    ],
)
def test_labels_without_a_channel_are_named(labels: list[list[int]], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        check_labels(torch.tensor(labels), 4, 2, source="city.search")


def test_labels_that_fit_pass() -> None:
    check_labels(torch.tensor([[0, 2], [1, 1]]), 3, 1, source="city.search")
    check_labels(torch.tensor([[0, 1], [UNKNOWN, 1]]), 3, 1, source="city.search")
