import pytest
import torch
from torch import Tensor, nn

from search_service.recipes.gan import GanRecipe
from search_service.recipes.records import Records
from search_service.recipes.watching import HELD_OUT, TRAIN
from workers.training.objectives import ADVERSARIAL
from workers.training.watching import accuracies, boundary, is_due


def logits_of(batch: Tensor) -> list[list[Tensor]]:
    """Two scales, each with a layer before its logits."""
    return [[torch.full_like(batch, 9.0), batch], [batch.new_zeros(1), batch[:1]]]


def test_shares_are_of_all_logits_above_the_boundary() -> None:
    found = accuracies(
        nn.Identity(),
        logits_of,
        train=torch.tensor([1.0, 2.0, -1.0]),
        held_out=torch.tensor([0.5, -1.0, -2.0]),
    )
    assert found == {TRAIN: 3 / 4, HELD_OUT: 2 / 4}
    strict = accuracies(
        nn.Identity(), logits_of, train=torch.tensor([0.5]), held_out=torch.zeros(1), boundary=0.5
    )
    assert strict == {TRAIN: 0.0, HELD_OUT: 0.0}


@pytest.mark.parametrize("training", [True, False])
def test_the_network_rests_meanwhile_and_is_as_it_was_after(training: bool) -> None:
    network = nn.Sequential(nn.utils.spectral_norm(nn.Linear(3, 3)), nn.Dropout()).train(training)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    looks: list[bool] = []

    def critic(x: Tensor) -> Tensor:
        looks.append(network.training or torch.is_grad_enabled())
        return torch.as_tensor(network(x))

    accuracies(network, critic, train=torch.randn(2, 3), held_out=torch.randn(2, 3))
    assert looks == [False, False]
    assert network.training is training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())


def test_it_is_due_with_every_line_of_the_log() -> None:
    recipe = GanRecipe(images=7, batch=1, records=Records(log_every=3))
    assert [index for index in range(7) if is_due(recipe, index)] == [2, 5, 6]


def test_the_boundary_is_where_the_loss_has_it() -> None:
    """A Wasserstein critic has none of its own: half way between the mean logits, 3 and -1."""
    losses = {"real": -3.0, "fake": -1.0, "discriminator": -4.0}
    expected = {"lsgan": 0.5, "wgangp": 1.0}
    for name in ADVERSARIAL:
        assert boundary(ADVERSARIAL[name], losses) == expected.get(name, 0.0)
