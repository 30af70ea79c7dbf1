from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from search_service.errors import InvalidFile, InvalidInput
from workers.evaluators.extractors import open_extractor

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class StandIn(nn.Module):
    """The signature of the published TorchScript; a feature is the image's mean plus its number."""

    numbers: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("numbers", torch.arange(size).float())

    def forward(
        self,
        img: Tensor,
        return_features: bool = False,
        use_fp16: bool = False,
        no_output_bias: bool = False,
    ) -> Tensor:
        assert img.shape[1] == 3
        mean = img.float().mean(dim=(1, 2, 3))[:, None]
        return mean + self.numbers if return_features else torch.softmax(mean, 1)


class OtherNetwork(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


def script(module: nn.Module, path: Path) -> Path:
    torch.jit.script(module).save(str(path))  # type: ignore[no-untyped-call]  # torch's own
    return path


def test_a_file_of_the_published_signature_gives_2048_features(tmp_path: Path) -> None:
    extractor = open_extractor("inception", script(StandIn(2048), tmp_path / "inception.pt"))
    images = torch.full((2, 3, 8, 8), 7, dtype=torch.uint8)
    features = extractor(images)
    assert features.shape == (2, 2048)
    assert features.dtype == torch.float32
    assert features[1, 5] == 12.0


def test_grey_images_count_as_colour_ones(tmp_path: Path) -> None:
    extractor = open_extractor("inception", script(StandIn(2048), tmp_path / "inception.pt"))
    grey = torch.randint(0, 256, (2, 1, 8, 8)).byte()
    assert torch.equal(extractor(grey), extractor(grey.repeat(1, 3, 1, 1)))


def test_files_of_other_bytes_have_other_digests(tmp_path: Path) -> None:
    first, second = StandIn(2048), StandIn(2048)
    second.get_buffer("numbers").add_(1)
    one = open_extractor("inception", script(first, tmp_path / "one.pt"))
    two = open_extractor("inception", script(second, tmp_path / "two.pt"))
    assert one.digest != two.digest


def test_without_a_file_it_says_which_one_it_needs() -> None:
    with pytest.raises(InvalidFile, match=r"no file given: .* inception-2015-12-05\.pt"):
        open_extractor("inception")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"cannot read .*absent\.pt .*No such file"):
        open_extractor("inception", tmp_path / "absent.pt")


def test_a_file_that_is_not_torchscript_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"weights")
    with pytest.raises(InvalidFile, match="is not TorchScript"):
        open_extractor("inception", tmp_path / "x.pt")


def test_a_network_of_another_signature_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"takes \(x\), not \(img, return_features"):
        open_extractor("inception", script(OtherNetwork(), tmp_path / "x.pt"))


def test_a_network_of_another_feature_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"features of shape \(1, 64\), not \(1, 2048\)"):
        open_extractor("inception", script(StandIn(64), tmp_path / "x.pt"))


def test_float_images_are_refused(tmp_path: Path) -> None:
    extractor = open_extractor("inception", script(StandIn(2048), tmp_path / "inception.pt"))
    with pytest.raises(InvalidInput, match="takes uint8 images"):
        extractor(torch.zeros(1, 3, 8, 8))
