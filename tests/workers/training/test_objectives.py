from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.errors import UnknownName
from workers.training.objectives import ADVERSARIAL, Prediction, gradient_penalty

ORACLE = Path(__file__).parents[2] / "fixtures" / "gan_compression" / "gan_losses.npz"


@pytest.fixture(scope="module")
def recorded() -> Any:
    return np.load(ORACLE)


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("lsgan", "single"),
        ("lsgan", "list"),
        ("vanilla", "single"),
        ("vanilla", "list"),
        ("hinge", "single"),
        ("hinge", "listoflists"),
        ("wgangp", "single"),
    ],
)
def test_losses_as_recorded(recorded: Any, mode: str, form: str) -> None:
    p1, p2, feature = (torch.from_numpy(recorded[name]) for name in ("p1", "p2", "feat1"))
    forms: dict[str, Prediction] = {
        "single": p1,
        "list": [p1, p2],
        "listoflists": [[feature, p1], [feature, p2]],
    }
    loss, prediction = ADVERSARIAL[mode], forms[form]
    for term, case in (
        (loss.real, "real=True/for_D=True"),
        (loss.fake, "real=False/for_D=True"),
        (loss.generator, "real=True/for_D=False"),
    ):
        expected = torch.tensor(float(recorded[f"{mode}/{form}/{case}"].item()))
        assert_close(term(prediction), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", sorted(ADVERSARIAL))
def test_one_scale_is_a_list_of_one(mode: str) -> None:
    logits, feature = torch.randn(2, 1, 4, 4), torch.randn(2, 3, 8, 8)
    loss = ADVERSARIAL[mode]
    for term in (loss.real, loss.fake, loss.generator):
        assert torch.equal(term(logits), term([logits]))
        assert torch.equal(term(logits), term([[feature, logits]]))


@pytest.mark.parametrize("mode", sorted(ADVERSARIAL))
def test_each_side_gains_from_the_logits_it_wants(mode: str) -> None:
    loss = ADVERSARIAL[mode]
    logits = torch.zeros(2, 1, 4, 4, requires_grad=True)

    def slope(term: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad(term, logits)
        return gradient

    assert (slope(loss.real(logits)) < 0).all()
    assert (slope(loss.generator(logits)) < 0).all()
    fooled = torch.full_like(logits, 0.5, requires_grad=True)
    (gradient,) = torch.autograd.grad(loss.fake(fooled), fooled)
    assert (gradient > 0).all()


def test_the_penalty_of_a_linear_critic_is_the_distance_of_its_slope_from_one() -> None:
    weight = torch.randn(3, 5, 5)
    real, fake = torch.randn(4, 3, 5, 5), torch.randn(4, 3, 5, 5)
    penalty = gradient_penalty(
        lambda x: (x * weight).sum((1, 2, 3)), real, fake, torch.rand(4, 1, 1, 1)
    )
    assert_close(penalty, (weight.norm() - 1).square())


def test_the_penalty_trains_the_critic_even_where_it_is_flat() -> None:
    critic = nn.Conv2d(1, 1, 3)
    nn.init.zeros_(critic.weight)
    image = torch.randn(2, 1, 5, 5)
    penalty = gradient_penalty(critic, image, -image, torch.rand(2, 1, 1, 1))
    torch.autograd.backward(penalty)
    assert_close(penalty, torch.tensor(1.0), atol=1e-6, rtol=0)
    assert critic.weight.grad is not None
    assert critic.weight.grad.isfinite().all()


def test_an_unknown_loss_lists_the_known() -> None:
    known = "known: hinge, lsgan, minimax, non-saturating, vanilla, wgangp"
    with pytest.raises(UnknownName, match=known):
        ADVERSARIAL["wgan"]
