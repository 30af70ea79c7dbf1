import pytest
import torch
from torch import nn

from search_service.recipes.translation import Adam
from workers.training.optimisers import backward, new_adam, set_learning_rate


def test_one_optimiser_moves_every_network_it_was_given() -> None:
    first, second = nn.Linear(2, 1), nn.Linear(1, 1)
    before = [p.clone() for p in (*first.parameters(), *second.parameters())]
    adam = new_adam([first, second], Adam())
    backward(adam, second(first(torch.ones(1, 2))).sum())
    adam.step()
    after = [*first.parameters(), *second.parameters()]
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_gradients_are_of_the_last_loss_alone() -> None:
    layer = nn.Linear(1, 1, bias=False)
    adam = new_adam([layer], Adam())
    for slope in (3.0, 5.0):
        backward(adam, layer(torch.tensor([[slope]])).sum())
    assert layer.weight.grad is not None
    assert layer.weight.grad.item() == 5.0


def test_betas_and_rate_are_the_recipes() -> None:
    (group,) = new_adam([nn.Linear(1, 1)], Adam(learning_rate=0.1, beta1=0.2)).param_groups
    assert (group["lr"], group["betas"]) == (0.1, (0.2, 0.999))


@pytest.mark.parametrize("decay_from", [0.0, 0.5, 1.0])
def test_the_rate_falls_from_the_share_that_the_recipe_says(decay_from: float) -> None:
    adam = new_adam([nn.Linear(1, 1)], Adam())
    rates = []
    for index in range(20):
        set_learning_rate([adam], Adam(decay_from=decay_from), index=index, steps=20)
        rates.append(adam.param_groups[0]["lr"])
    assert rates.count(2e-4) == round(20 * decay_from)
    assert rates[-1] > 0
    assert rates == sorted(rates, reverse=True)
