import pytest
import torch
from torch import nn

from search_service.errors import InvalidInput
from workers.discriminators.dcgan import DcganDiscriminator


def discriminator(*, resolution: int = 16, classes: int = 0) -> DcganDiscriminator:
    torch.manual_seed(0)
    return DcganDiscriminator(
        resolution=resolution, channels=3, hidden=5, image_channels=2, classes=classes
    )


@pytest.mark.parametrize(("resolution", "convolutions"), [(8, 1), (16, 2), (32, 3)])
def test_there_is_one_logit_an_image_and_a_convolution_a_halving(
    resolution: int, convolutions: int
) -> None:
    network = discriminator(resolution=resolution)
    assert network(torch.randn(5, 2, resolution, resolution)).shape == (5, 1)
    found = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in found] == [3 * 2**i for i in range(convolutions)]


def test_a_verdict_depends_on_no_other_image() -> None:
    network, images = discriminator(), torch.randn(4, 2, 16, 16)
    torch.testing.assert_close(network(images)[2:3], network.eval()(images[2:3]))


def test_a_class_changes_the_verdict_and_one_that_is_missing_is_refused() -> None:
    network, images = discriminator(classes=3), torch.randn(2, 2, 16, 16)
    first, second = (network(images, labels=torch.tensor(pair)) for pair in ([0, 1], [0, 2]))
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])
    with pytest.raises(InvalidInput, match="labels of 3 classes"):
        network(images)
    with pytest.raises(InvalidInput, match="no labels"):
        discriminator()(images, labels=torch.tensor([0, 1]))


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"got \(1, 1, 16, 16\)"):
        discriminator()(torch.randn(1, 1, 16, 16))
