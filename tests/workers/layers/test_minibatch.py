import pytest
import torch
from torch.testing import assert_close

from workers.layers.minibatch import append_minibatch_std


def test_equal_images_have_no_deviation() -> None:
    x = torch.randn(1, 3, 4, 4).expand(8, 3, 4, 4)
    assert append_minibatch_std(x)[:, 3].max() < 1e-3


def test_a_group_is_every_other_sample_of_eight() -> None:
    x = torch.zeros(8, 2, 4, 4)
    x[0] = 1.0  # samples 0, 2, 4, 6 form a group
    deviations = append_minibatch_std(x)[:, 2, 0, 0]
    assert (deviations[::2] > 0.4).all()
    assert (deviations[1::2] < 1e-3).all()


def test_a_single_image_gets_a_channel_too() -> None:
    assert append_minibatch_std(torch.randn(1, 2, 4, 4)).shape == (1, 3, 4, 4)


def test_the_images_themselves_are_not_changed() -> None:
    x = torch.randn(4, 2, 4, 4)
    assert_close(append_minibatch_std(x)[:, :2], x)


def test_a_batch_that_makes_no_whole_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 6 cannot be split into groups of 4"):
        append_minibatch_std(torch.randn(6, 2, 4, 4))
