import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.errors import InvalidInput
from workers.supernets.anycost_labels import own_labels, with_labels


@pytest.fixture
def z() -> Tensor:
    return torch.randn(20_000, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("classes", [1, 2, 10, 37])
def test_own_labels_are_uniform(z: Tensor, classes: int) -> None:
    counts = torch.bincount(own_labels(z, classes), minlength=classes).double()
    expected = len(z) / classes
    assert ((counts - expected).abs() < 5 * expected**0.5).all()


def test_own_labels_say_nothing_about_the_latents(z: Tensor) -> None:
    labels = own_labels(z, 2)
    first, second = z[labels == 0], z[labels == 1]
    for moment in (1, 2):
        gap = first.pow(moment).mean(0) - second.pow(moment).mean(0)
        assert (gap.abs() < 5 * (2 * moment * 2 / len(z)) ** 0.5).all()


def test_an_own_label_is_the_latent_s_whatever_its_batch_and_precision(z: Tensor) -> None:
    labels = own_labels(z, 10)
    assert torch.equal(own_labels(z[5:9], 10), labels[5:9])
    assert torch.equal(own_labels(z.double(), 10), labels)
    assert torch.equal(own_labels(torch.stack([z, z.flip(0)], 1), 10), labels)  # the first of two


def test_rows_of_class_weights_stand_behind_every_latent() -> None:
    z, labels = torch.randn(3, 2, 5), torch.tensor([1, 0, 3])
    joined = with_labels(z, labels, 4)
    assert torch.equal(joined[..., :5], z)
    assert_close(joined[..., 5:].argmax(-1), labels[:, None].expand(3, 2))
    assert (joined[..., 5:].sum(-1) == 1).all()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (torch.tensor([0, 4, 1]), "from 0 to 3, got 0 to 4"),
        (torch.tensor([0, -1, 1]), "from 0 to 3, got -1 to 1"),
        (torch.tensor([0, 1]), "must be 3 whole numbers"),
        (torch.tensor([0.0, 1.0, 2.0]), "must be 3 whole numbers"),
        (torch.zeros(3, 4, dtype=torch.int64), "must be 3 whole numbers"),
    ],
)
def test_labels_that_are_none_are_refused(labels: Tensor, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        with_labels(torch.randn(3, 5), labels, 4)
