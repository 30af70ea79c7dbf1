import torch
from torch import Tensor
from torch.testing import assert_close

from search_service.domain.space import Architecture
from workers.evaluators.image_maker import ImageMaker
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.latents import latent_shard


class Watched:
    """Makes images of its inputs, and remembers those by architecture."""

    def __init__(self) -> None:
        self.given: dict[str, list[Tensor]] = {}

    def __call__(self, z: Tensor, architecture: Architecture, /) -> Tensor:
        self.given.setdefault(str(architecture), []).append(z.clone())
        torch.rand(len(z))  # an architecture may draw as it likes
        side = int(architecture.options[0])
        return z[:, :, None, None].expand(-1, -1, side, side)


def test_every_architecture_of_a_supernet_is_given_the_same_inputs(
    small: Architecture, large: Architecture
) -> None:
    supernet = Watched()
    maker = ImageMaker(supernet, inputs=LatentInputs(3), side=32)
    for index in (0, 1):
        maker.shard(small, 5, index)
    for index in (1, 0):  # in another order
        maker.shard(large, 5, index)
    first, second = supernet.given[str(small)], supernet.given[str(large)][::-1]
    assert all(map(torch.equal, first, second))
    assert not torch.equal(first[0], first[1])


def test_they_come_from_seed_and_number_alone(small: Architecture) -> None:
    supernet = Watched()
    ImageMaker(supernet, inputs=LatentInputs(3), side=32).shard(small, 5, 2)
    assert_close(supernet.given[str(small)][0], latent_shard(5, 2, 3), rtol=0, atol=0)
