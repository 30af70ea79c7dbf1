import numpy as np
import pytest
import torch

from search_service.errors import InvalidInput, UnknownName
from search_service.spaces.anycost import AnycostParameters
from workers.evaluators.inputs import ImageInputs, LatentInputs, latent_inputs
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


def test_a_label_stands_behind_each_latent_and_leaves_it_as_it_was() -> None:
    labelled = LatentInputs(5, np.full(3, 1 / 3))
    assert torch.equal(labelled.shard(2, 4)[:, :5], LatentInputs(5).shard(2, 4))
    assert labelled.shard(2, 4).shape == (SHARD, 8)
    assert labelled.facts.keys() - LatentInputs(5).facts.keys() == {"labels", "classes"}
    assert labelled.facts["classes"] == 3


def test_the_classes_of_a_generator_must_be_those_of_the_data_set() -> None:
    size = AnycostParameters(resolution=32, style_dim=5, classes=10)
    assert latent_inputs(size, "fashion-mnist-32", None).shard(0, 0).shape == (SHARD, 15)
    fewer = AnycostParameters(resolution=32, classes=9)
    with pytest.raises(InvalidInput, match="has 9 classes, fashion-mnist-32 has 10"):
        latent_inputs(fewer, "fashion-mnist-32", None)
    with pytest.raises(UnknownName):
        latent_inputs(fewer, "faces", None)


def test_a_negative_seed_is_refused(inputs: ImageInputs) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        inputs.shard(-1, 0)
