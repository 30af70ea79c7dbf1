import pytest
import torch

from workers.evaluators.placement import CPU, placement_for


def test_who_was_lent_no_gpu_computes_on_the_cpu_whatever_the_machine_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert placement_for([]) == CPU


def test_a_gpu_that_torch_cannot_use_is_told_of_and_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert placement_for([0]) == CPU
    assert [record.getMessage() for record in caplog.records] == [
        "lent a GPU that torch cannot use"
    ]


def test_a_gpu_computes_in_whole_float32_and_always_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    matmul.allow_tf32 = True  # which monkeypatch cannot: it has no such entry, only answers to it
    monkeypatch.setattr(cudnn, "allow_tf32", True)
    monkeypatch.setattr(cudnn, "benchmark", True)
    monkeypatch.setattr(cudnn, "deterministic", False)
    assert placement_for([0]) == torch.device("cuda")
    assert not matmul.allow_tf32
    assert (cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic) == (False, False, True)
