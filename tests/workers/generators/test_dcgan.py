import pytest
import torch

from search_service.errors import InvalidInput
from workers.generators.dcgan import DcganGenerator


def generator(*, resolution: int = 16, classes: int = 0) -> DcganGenerator:
    torch.manual_seed(0)
    return DcganGenerator(
        resolution=resolution, latent_dim=6, channels=3, image_channels=2, classes=classes
    )


@pytest.mark.parametrize("resolution", [8, 16, 64])
def test_images_have_the_side_and_the_channels_and_stay_in_range(resolution: int) -> None:
    images = generator(resolution=resolution)(30 * torch.randn(3, 6))
    assert images.shape == (3, 2, resolution, resolution)
    assert images.abs().max() <= 1


def test_an_image_depends_on_its_own_latent_alone_in_training_and_after() -> None:
    network, z = generator(), torch.randn(4, 6)
    together, alone = network.train()(z), network.eval()(z[2:3])
    torch.testing.assert_close(together[2:3], alone)


def test_a_label_is_a_one_hot_row_behind_the_latent() -> None:
    network, z, labels = generator(classes=3), torch.randn(4, 6), torch.tensor([0, 2, 1, 1])
    rows = torch.cat([z, torch.eye(3)[labels]], 1)
    assert torch.equal(network(z, labels=labels), network(rows))
    assert not torch.equal(network(z, labels=labels), network(z, labels=labels.flip(0)))
    assert network(z).shape == (4, 2, 16, 16)  # each latent decides its own


@pytest.mark.parametrize(
    ("classes", "size", "labelled", "words"),
    [
        (0, 7, False, r"must be \(n, 6\), got \(2, 7\)"),
        (3, 7, False, r"must be \(n, 6 or 9\), got \(2, 7\)"),
        (0, 6, True, "has no classes"),
        (3, 9, True, "given twice"),
    ],
)
def test_what_does_not_fit_is_refused(classes: int, size: int, labelled: bool, words: str) -> None:
    labels = torch.zeros(2, dtype=torch.long) if labelled else None
    with pytest.raises(InvalidInput, match=words):
        generator(classes=classes)(torch.randn(2, size), labels=labels)
