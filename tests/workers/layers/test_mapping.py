import torch
from torch.testing import assert_close

from workers.layers.mapping import PixelNorm, mapping_network


def test_normalised_latents_have_unit_mean_square() -> None:
    z = PixelNorm()(torch.randn(3, 2, 16) * 7)
    assert_close(z.square().mean(-1), torch.ones(3, 2))


def test_the_length_of_a_latent_does_not_matter() -> None:
    mapping, z = mapping_network(16, 3), torch.randn(4, 16)
    assert_close(mapping(z), mapping(5 * z), atol=1e-5, rtol=1e-4)


def test_layers_are_numbered_from_one_as_in_published_checkpoints() -> None:
    names = [name for name, _ in mapping_network(4, 2).named_parameters()]
    assert names == ["1.weight", "1.bias", "2.weight", "2.bias"]
