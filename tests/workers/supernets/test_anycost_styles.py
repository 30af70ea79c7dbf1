import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from search_service.errors import InvalidInput
from workers.supernets.anycost_styles import Truncation, spread


def shared(w: Tensor, **given_: Truncation | int) -> Tensor:
    return spread(w, count=6, style_dim=4, **given_)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("shape", [(3, 4), (3, 1, 4)])
def test_one_style_is_every_layer_s(shape: tuple[int, ...]) -> None:
    w = torch.randn(shape)
    assert torch.equal(shared(w), w.view(3, 1, 4).expand(3, 6, 4))


@given(st.integers(0, 6))
def test_layers_below_the_crossover_take_the_first(crossover: int) -> None:
    w = torch.randn(3, 2, 4)
    styles = shared(w, crossover=crossover)
    assert all(torch.equal(styles[:, i], w[:, int(i >= crossover)]) for i in range(6))


def test_half_of_the_layers_take_the_first_where_no_crossover_is_said() -> None:
    w = torch.randn(3, 2, 4)
    assert torch.equal(shared(w), shared(w, crossover=3))


def test_a_style_per_layer_stays_as_it_is() -> None:
    w = torch.randn(3, 6, 4)
    assert torch.equal(shared(w), w)


@pytest.mark.parametrize("rows", [1, 2, 6])
def test_truncation_is_a_line_from_the_centre_to_the_style(rows: int) -> None:
    w, centre = torch.randn(3, rows, 4), torch.randn(1, 4)
    ends = {psi: shared(w, truncation=Truncation(psi=psi, centre=centre)) for psi in (0, 0.5, 1)}
    assert_close(ends[0], centre.expand(3, 6, 4))
    assert_close(ends[1], shared(w))
    assert_close(ends[0.5], (ends[0] + ends[1]) / 2)


@pytest.mark.parametrize("shape", [(4,), (3, 5), (3, 3, 4), (3, 7, 4), (3, 1, 1, 4)])
def test_styles_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"styles must be \(n, 4\), or \(n, 1, 2 or 6, 4\), got"):
        shared(torch.randn(shape))


@pytest.mark.parametrize("crossover", [-1, 7])
def test_a_crossover_beyond_the_layers_is_refused(crossover: int) -> None:
    with pytest.raises(InvalidInput, match=f"must be from 0 to 6, got {crossover}"):
        shared(torch.randn(3, 2, 4), crossover=crossover)


def test_a_centre_of_another_shape_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"must be \(1, 4\), got \(4,\)"):
        shared(torch.randn(3, 4), truncation=Truncation(psi=0.5, centre=torch.zeros(4)))
