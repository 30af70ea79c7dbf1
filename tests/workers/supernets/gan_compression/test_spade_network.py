import pytest
import torch

from search_service.errors import InvalidInput
from search_service.spaces.gan_compression import GanCompressionParameters
from workers.supernets.gan_compression.spade_generator import mobile_generator
from workers.supernets.gan_compression.spade_network import TAPS, require_taps


@pytest.mark.parametrize(
    ("upsampling", "sides"),
    [("normal", [4, 4, 8, 8, 16, 32, 64, 128]), ("more", [2, 2, 4, 8, 16, 32, 64, 128])],
)
@torch.no_grad()
def test_blocks_see_maps_of_the_published_sides(upsampling: str, sides: list[int]) -> None:
    parameters = GanCompressionParameters(
        generator="spade", base_channels=1, input_channels=2, image_size=128, upsampling=upsampling
    )
    generator = mobile_generator(parameters).eval()
    image, seen = generator.features(torch.rand(1, 2, 128, 128), TAPS)
    assert [seen[tap].shape[2] for tap in TAPS] == sides
    assert [seen[tap].shape[1] for tap in TAPS] == [16, 16, 16, 16, 8, 4, 2, 1]
    assert image.shape == (1, 3, 128, 128)


@torch.no_grad()
def test_shrunk_maps_keep_every_label_whole() -> None:
    parameters = GanCompressionParameters(
        generator="spade", base_channels=1, input_channels=2, image_size=128
    )
    generator = mobile_generator(parameters).eval()
    seen: list[torch.Tensor] = []
    generator.fc.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    labels = torch.rand(1, 1, 128, 128) < 0.5
    generator(torch.cat([labels, ~labels], 1))
    assert torch.equal(seen[0].sum(1), torch.ones(1, 4, 4))
    assert torch.equal(torch.unique(seen[0]), torch.tensor([0.0, 1.0]))


def test_known_taps_are_let_through_and_others_refused() -> None:
    require_taps(TAPS)
    with pytest.raises(InvalidInput, match="no layer 'up_4'"):
        require_taps(["fc", "up_4"])
