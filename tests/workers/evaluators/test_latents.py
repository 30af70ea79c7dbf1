import pytest
import torch

from search_service.errors import InvalidInput
from workers.evaluators.latents import SHARD, latent_shard


def test_a_shard_is_a_function_of_seed_and_index_alone() -> None:
    assert torch.equal(latent_shard(3, 5, 8), latent_shard(3, 5, 8))
    torch.manual_seed(1)
    assert torch.equal(latent_shard(3, 5, 8), latent_shard(3, 5, 8))


def test_other_seeds_and_other_indices_give_other_latents() -> None:
    shards = [latent_shard(seed, index, 8) for seed in range(3) for index in range(3)]
    assert len({shard.sum().item() for shard in shards}) == 9


def test_latents_are_standard_normal() -> None:
    z = torch.cat([latent_shard(0, index, 64) for index in range(20)])
    assert z.shape == (20 * SHARD, 64)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1.0) < 0.01


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least 0"):
        latent_shard(-1, 0, 8)
