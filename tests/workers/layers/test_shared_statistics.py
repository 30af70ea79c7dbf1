"""Statistics of a batch that real processes share, over gloo."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from workers.layers.shared_statistics import are_shared, shared_statistics
from workers.layers.spade_batch_norm import FullWidthBatchNorm

PROCESS = """
import sys
import torch
import torch.distributed as dist
from workers.layers.shared_statistics import shared_statistics
from workers.layers.spade_batch_norm import FullWidthBatchNorm
rank, rendezvous = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=2)
whole = torch.load(sys.argv[3])
norm = FullWidthBatchNorm(5)
x = whole["x"][rank::2].clone().requires_grad_()
with shared_statistics():
    y = norm(x)
    (y * whole["weight"][rank::2]).sum().backward()
alone = norm(x.detach())
torch.save(
    {"y": y.detach(), "gradient": x.grad, "alone": alone, **norm.state_dict()},
    f"{sys.argv[3]}.{rank}",
)
dist.destroy_process_group()
"""


@pytest.mark.timeout(300)
def test_parts_are_normalised_as_the_whole_batch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = {"x": torch.randn(6, 4, 3, 5) * 3 + 1, "weight": torch.randn(6, 4, 3, 5)}
    path = tmp_path / "whole.pt"
    torch.save(whole, path)
    arguments = [str(tmp_path / "meet"), str(path)]
    started = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(rank), *arguments]) for rank in (0, 1)
    ]
    assert [process.wait() for process in started] == [0, 0]
    parts = [torch.load(f"{path}.{rank}", weights_only=True) for rank in (0, 1)]

    norm, x = FullWidthBatchNorm(5), whole["x"].clone().requires_grad_()
    y = norm(x)
    (y * whole["weight"]).sum().backward()
    assert x.grad is not None
    for rank, part in enumerate(parts):
        assert_close(part["y"], y[rank::2].detach(), atol=1e-5, rtol=1e-5)
        assert_close(part["gradient"], x.grad[rank::2], atol=1e-5, rtol=1e-5)
        own = whole["x"][rank::2]  # outside of the context each is on its own
        assert_close(part["alone"], FullWidthBatchNorm(5)(own), atol=1e-5, rtol=1e-5)
    for rank, part in enumerate(parts):
        expected = FullWidthBatchNorm(5)
        expected(whole["x"])
        expected(whole["x"][rank::2])
        for name in ("running_mean", "running_var"):
            assert_close(part[name], expected.get_buffer(name), atol=1e-5, rtol=1e-5)


def test_alone_nothing_changes() -> None:
    x = torch.randn(2, 3, 4, 4)
    one, other = FullWidthBatchNorm(3), FullWidthBatchNorm(3)
    with shared_statistics():
        assert not are_shared()
        assert torch.equal(one(x), other(x))
