from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from search_service.errors import InvalidFile
from tests.support.elsewhere import ELSEWHERE, Elsewhere
from workers.evaluators.segmenter import Segmenter, open_segmenter

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Halved(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.float()[:, :, ::2, ::2].repeat(1, 2, 1, 1)


class Picky(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x.float())
        return out


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


def script(module: nn.Module, path: Path) -> Path:
    torch.jit.script(module).save(str(path))  # type: ignore[no-untyped-call]  # torch's own
    return path


def test_the_class_of_a_pixel_is_that_of_the_highest_logit(bright_or_dark: Path) -> None:
    segmenter = open_segmenter(bright_or_dark, (1, 2, 3))
    images = torch.tensor([[[[0, 255, 100], [200, 10, 127]]]] * 9, dtype=torch.uint8)
    assert segmenter(images).tolist() == [[[0, 1, 0], [1, 0, 0]]] * 9
    assert segmenter.classes == 2


def test_the_network_may_be_on_another_device() -> None:
    images = torch.randint(0, 256, (9, 3, 2, 4), dtype=torch.uint8)
    with Elsewhere():
        network: Any = Picky()
        expected = Segmenter(network, classes=2, digest="")(images)
        there = Segmenter(network.to(ELSEWHERE), classes=2, digest="", placement=ELSEWHERE)
        assert torch.equal(there(images), expected)


def test_a_file_that_is_not_there_says_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidFile, match=r"cannot read .*; wanted is TorchScript that takes uint8"
    ):
        open_segmenter(tmp_path / "none.pt", (1, 4, 4))


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "segmentation.pt"
    path.write_bytes(b"weights")
    with pytest.raises(InvalidFile, match="is not TorchScript"):
        open_segmenter(path, (1, 4, 4))


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Halved(), r"gives \(1, 2, 2, 2\) for images \(1, 1, 4, 4\)"),
        (Picky(), r"cannot take images \(1, 1, 4, 4\): "),
        (Pair(), "gives a tuple"),
    ],
)
def test_a_network_that_does_something_else_is_refused_in_one_line(
    module: nn.Module, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile, match=said) as raised:
        open_segmenter(script(module, tmp_path / "other.pt"), (1, 4, 4))
    assert "\n" not in str(raised.value)
