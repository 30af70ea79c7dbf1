import torch
from torch import Tensor

from workers.training.draws import Draws
from workers.training.pool import ImagePool


def numbered(first: int, count: int) -> Tensor:
    """Images (count, 1, 1, 1) that show their number."""
    return torch.arange(first, first + count).float().view(count, 1, 1, 1)


def test_while_there_is_room_fresh_images_come_back() -> None:
    pool = ImagePool(5)
    for step in range(5):
        assert torch.equal(pool.exchange(numbered(step, 1), Draws(0, step)), numbered(step, 1))
    assert len(pool.images) == 5


def test_a_full_pool_hands_out_old_images_half_of_the_time_and_keeps_the_new() -> None:
    pool, old, ages = ImagePool(50), 0, []
    for step in range(1000):
        fresh = numbered(step, 1)
        handed = pool.exchange(fresh, Draws(0, step))
        if step >= 50:
            old += not torch.equal(handed, fresh)
            ages.append(step - int(handed.item()))
        assert len(pool.images) == min(step + 1, 50)
    assert 0.45 < old / 950 < 0.55
    assert max(ages) > 100  # some stay for long
    handed_or_kept = {int(image.item()) for image in pool.images}
    assert len(handed_or_kept) == 50


def test_an_image_that_was_handed_out_of_the_pool_is_gone_from_it() -> None:
    pool = ImagePool(4)
    for step in range(200):
        handed = int(pool.exchange(numbered(step, 1), Draws(1, step)).item())
        if handed != step:
            assert handed not in {int(image.item()) for image in pool.images}


def test_a_pool_of_none_passes_everything_on() -> None:
    pool = ImagePool(0)
    assert torch.equal(pool.exchange(numbered(0, 3), Draws(0, 0)), numbered(0, 3))
    assert not pool.images


def test_what_comes_back_has_no_gradient() -> None:
    fresh = numbered(0, 2).requires_grad_()
    pool = ImagePool(1)
    assert not pool.exchange(fresh * 2, Draws(0, 0)).requires_grad
    assert not pool.images[0].requires_grad


def test_a_restored_pool_goes_on_alike() -> None:
    pool, restored = ImagePool(3), ImagePool(3)
    for step in range(10):
        pool.exchange(numbered(2 * step, 2), Draws(0, step))
    restored.load_state_dict(pool.state_dict())
    for step in range(10, 30):
        fresh = numbered(2 * step, 2)
        first, again = (p.exchange(fresh, Draws(0, step)) for p in (pool, restored))
        assert torch.equal(first, again)
