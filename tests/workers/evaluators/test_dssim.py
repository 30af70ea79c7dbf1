import numpy as np
import pytest
import torch
from torch import Tensor

from workers.evaluators.dssim import C1, C2, SIDE, dissimilarities, similarities


def flat(level: int) -> Tensor:
    return torch.full((1, 1, SIDE, SIDE), level, dtype=torch.uint8)


def noise(count: int, *shape: int) -> Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(256, size=(count, *shape), dtype=np.uint8))


def test_equal_images_are_alike() -> None:
    images = noise(3, 3, 16, 20)
    np.testing.assert_allclose(similarities(images, images), 1.0, rtol=1e-12)
    np.testing.assert_allclose(dissimilarities(images, images), 0.0, atol=1e-12)


@pytest.mark.parametrize(("one", "other"), [(0, 255), (51, 102), (200, 201)])
def test_flat_images_differ_by_their_luminance_alone(one: int, other: int) -> None:
    x, y = one / 255, other / 255
    expected = (2 * x * y + C1) / (x * x + y * y + C1)
    assert similarities(flat(one), flat(other))[0] == pytest.approx(expected, rel=1e-9)


def test_a_negative_has_the_contrast_of_its_image_and_the_opposite_structure() -> None:
    # One window: the mean of the left half and the right half is the middle level.
    image = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.uint8)
    image[..., : SIDE // 2] = 1
    image[..., SIDE // 2 + 1 :] = 255
    image[..., SIDE // 2] = 128
    negative = 256 - image.int()
    found = similarities(image, negative.to(torch.uint8))[0]
    offsets = np.arange(SIDE) - SIDE // 2
    weights = np.exp(-0.5 * (offsets / 1.5) ** 2)
    weights /= weights.sum()
    levels = image[0, 0, 0].double().numpy() / 255
    mean = weights @ levels
    variance = weights @ (levels - mean) ** 2
    assert mean == pytest.approx(128 / 255)
    assert found == pytest.approx((-2 * variance + C2) / (2 * variance + C2), rel=1e-9)


def test_it_is_symmetric_and_each_image_is_judged_alone() -> None:
    a, b = torch.split(noise(8, 2, 14, 14), 4)
    np.testing.assert_allclose(similarities(a, b), similarities(b, a), rtol=1e-12)
    np.testing.assert_allclose(similarities(a, b)[2:3], similarities(a[2:3], b[2:3]), rtol=1e-12)


def test_channels_weigh_the_same() -> None:
    a, b = torch.split(noise(2, 3, 12, 12), 1)
    apart = [similarities(a[:, i : i + 1], b[:, i : i + 1])[0] for i in range(3)]
    assert similarities(a, b)[0] == pytest.approx(np.mean(apart), rel=1e-12)
