import numpy as np
import pytest
import torch

from search_service.errors import InvalidInput
from workers.evaluators.inputs import ImageInputs, LatentInputs
from workers.evaluators.latents import SHARD
from workers.images import to_uint8


@pytest.fixture
def inputs() -> ImageInputs:
    numbers = np.arange(300) % 256
    images = np.broadcast_to(numbers.astype(np.uint8)[:, None, None, None], (300, 1, 2, 2))
    return ImageInputs(np.ascontiguousarray(images), name="numbers.search", digest="d")


def drawn(inputs: ImageInputs, seed: int) -> list[int]:
    shards = [inputs.shard(seed, index) for index in range(4)]
    return to_uint8(torch.cat(shards))[:, 0, 0, 0].tolist()


def test_every_seed_gives_every_image_once_in_an_order_of_its_own(inputs: ImageInputs) -> None:
    expected = sorted(n % 256 for n in range(300))
    assert sorted(drawn(inputs, 0)) == sorted(drawn(inputs, 1)) == expected
    assert drawn(inputs, 0) != drawn(inputs, 1)
    assert drawn(inputs, 0) == drawn(inputs, 0)


def test_shards_are_full_until_the_last(inputs: ImageInputs) -> None:
    sizes = [len(inputs.shard(0, index)) for index in range(4)]
    assert sizes == [SHARD, SHARD, 300 - 2 * SHARD, 0]


def test_the_protocol_names_the_split_its_content_and_how_many(inputs: ImageInputs) -> None:
    assert inputs.facts == {
        "inputs": "numbers.search",
        "inputs_digest": "d",
        "inputs_count": 300,
        "inputs_order": "permuted-by-seed",
    }


def test_latents_never_end() -> None:
    assert LatentInputs(3).count is None
    assert LatentInputs(3).shard(0, 10**6).shape == (SHARD, 3)


def test_a_negative_seed_is_refused(inputs: ImageInputs) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        inputs.shard(-1, 0)
