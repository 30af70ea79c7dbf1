import logging

import pytest
import torch

from workers.training import precision


@pytest.mark.parametrize("unit", precision.BFLOAT16_X86)
def test_either_unit_makes_bfloat16_real(unit: str) -> None:
    bare = {"architecture": "x86_64", "avx2": True, **dict.fromkeys(precision.BFLOAT16_X86, False)}
    assert precision.is_emulated(bare)
    assert not precision.is_emulated({**bare, unit: True})


def test_of_other_processors_nothing_is_claimed() -> None:
    assert not precision.is_emulated({"architecture": "aarch64"})


def test_this_processor_is_one_of_those_that_are_known() -> None:
    assert torch.cpu.get_capabilities().get("architecture") in ("x86_64", "aarch64")


def test_the_warning_comes_once_and_only_with_bfloat16(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(precision, "is_emulated", lambda _: True)
    precision._warn_if_emulated.cache_clear()
    with caplog.at_level(logging.WARNING):
        precision.autocast("float32")
        assert not caplog.messages
        for _ in range(3):
            with precision.autocast("bfloat16"):
                product = torch.ones(2, 2) @ torch.ones(2, 2)
    precision._warn_if_emulated.cache_clear()
    assert product.dtype == torch.bfloat16
    assert len(caplog.messages) == 1
    assert 'precision = "float32"' in caplog.messages[0]
