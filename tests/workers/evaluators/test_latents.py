import numpy as np
import pytest
import torch

from search_service.errors import InvalidInput
from workers.evaluators.latents import SHARD, label_shard, latent_shard


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


def test_labels_come_by_their_shares_and_are_a_function_of_seed_and_index() -> None:
    shares = np.array([0.1, 0.0, 0.6, 0.3])
    rows = torch.cat([label_shard(0, index, shares) for index in range(40)])
    assert rows.shape == (40 * SHARD, 4)
    assert (rows.sum(1) == 1).all()
    assert rows.mean(0).numpy() == pytest.approx(shares, abs=0.03)
    assert rows[:, 1].sum() == 0
    assert torch.equal(rows[3 * SHARD : 4 * SHARD], label_shard(0, 3, shares))
    assert not torch.equal(rows[:SHARD], label_shard(1, 0, shares))
