import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from search_service.errors import InvalidFile, InvalidInput
from tests.support.elsewhere import ELSEWHERE, Elsewhere
from workers.evaluators.extractors import open_extractor
from workers.evaluators.extractors.inception_network import InceptionNetwork

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
    with pytest.raises(
        InvalidFile, match=r"no file given: .*pt_inception-2015.*inception-2015-12-05\.pt"
    ):
        open_extractor("inception")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"cannot read .*absent\.pt .*No such file"):
        open_extractor("inception", tmp_path / "absent.pt")


def test_a_file_that_is_not_torchscript_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"weights")
    with pytest.raises(InvalidFile, match=r"not a whole .*; inception needs the common state dict"):
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


@pytest.fixture(scope="module")
def state_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state dict of the published form with weights of its own, without batch norms' counters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = InceptionNetwork().state_dict()
    path = tmp_path_factory.mktemp("inception") / "pt_inception-2015-12-05.pth"
    torch.save({n: t for n, t in state.items() if "num_batches" not in n}, path)
    return path


def test_the_common_state_dict_fills_the_network(state_file: Path) -> None:
    extractor = open_extractor("inception", state_file)
    images = torch.randint(0, 256, (2, 1, 16, 16)).byte()
    features = extractor(images)
    assert features.shape == (2, 2048)
    network = InceptionNetwork().eval()
    network.load_state_dict(torch.load(state_file, weights_only=True), strict=False)
    with torch.no_grad():
        expected = network(images.expand(-1, 3, -1, -1))
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5)
    assert extractor.logits(features).shape == (2, extractor.classes) == (2, 1008)


def test_the_network_may_be_on_another_device(state_file: Path) -> None:
    images = torch.randint(0, 256, (2, 1, 16, 16)).byte()
    expected = open_extractor("inception", state_file)(images)
    with Elsewhere():
        there = open_extractor("inception", state_file, placement=ELSEWHERE)
        features = there(images)
        assert torch.equal(features, expected)
        assert there.logits(features).device == features.device == images.device


def test_a_name_that_tells_its_digest_must_tell_the_right_one(
    state_file: Path, tmp_path: Path
) -> None:
    content = state_file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:8]
    named = tmp_path / f"pt_inception-2015-12-05-{digest}.pth"
    named.write_bytes(content)
    assert open_extractor("inception", named).digest.startswith(digest)
    wrong = tmp_path / "pt_inception-2015-12-05-6726825d.pth"
    wrong.write_bytes(content)
    with pytest.raises(InvalidFile, match=f"is damaged: its SHA-256 begins with {digest}"):
        open_extractor("inception", wrong)


def test_another_networks_state_dict_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    torch.save({"model.0.weight": torch.zeros(4, 3, 4, 4)}, tmp_path / "x.pth")
    with pytest.raises(InvalidFile, match=r"does not fit InceptionNetwork.*missing \(Conv2d_1a"):
        open_extractor("inception", tmp_path / "x.pth")


def test_a_torchscript_cannot_be_asked_for_classes(tmp_path: Path) -> None:
    extractor = open_extractor("inception", script(StandIn(2048), tmp_path / "inception.pt"))
    assert extractor.classes == 0
    with pytest.raises(InvalidInput, match="the state dict can"):
        extractor.logits(torch.zeros(1, 2048))
