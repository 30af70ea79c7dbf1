import pytest
import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture
from search_service.errors import InvalidInput
from workers.evaluators.latency import LatencyEvaluator, calibrate
from workers.evaluators.reference_network import ReferenceNetwork


class Repeats(nn.Module):
    """As long as the reference network, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times, self.reference = times, ReferenceNetwork()

    def forward(self, z: Tensor) -> Tensor:
        assert z.shape == (1, 4)
        assert not torch.is_grad_enabled()
        for _ in range(self.times):
            x: Tensor = self.reference()
        return x


class Supernet:
    """The subnet that repeats the reference as often as the first option says."""

    def extract(self, architecture: Architecture) -> nn.Module:
        return Repeats(int(architecture.options[0]))


def times(count: int) -> Architecture:
    return Architecture(options=(count,), text=str(count))


def test_the_ratio_is_how_often_the_reference_would_have_run() -> None:
    evaluator = LatencyEvaluator(Supernet(), example=torch.zeros(1, 4))
    result = evaluator.measure(times(3), rounds=20, reference_ms=2.0)
    assert result.ratio.value == pytest.approx(3.0, rel=0.25)
    assert result.ratio.low <= result.ratio.value <= result.ratio.high
    assert result.milliseconds == result.ratio.times(2.0)


def test_too_few_rounds_have_no_interval() -> None:
    with pytest.raises(InvalidInput, match="at least 6 rounds, got 5"):
        LatencyEvaluator(Supernet(), example=torch.zeros(1, 4)).measure(
            times(1), rounds=5, reference_ms=1.0
        )


def test_calibration_completes_the_protocol_of_the_evaluator() -> None:
    calibrated = dict(calibrate())
    assert 0.05 < calibrated.pop("reference_ms") < 200.0
    assert calibrated == LatencyEvaluator(Supernet(), example=torch.zeros(1, 4)).protocol


def test_the_reference_network_is_the_same_each_time() -> None:
    assert torch.equal(ReferenceNetwork()(), ReferenceNetwork()())
    assert ReferenceNetwork()().isfinite().all()
