"""A tiny generator of known images, and a reference to judge it by."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from search_service.domain.space import Architecture
from workers import zoo
from workers.evaluators.extractors import FeatureExtractor, open_extractor
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.inputs import LatentInputs
from workers.evaluators.reference import Reference, load

LATENT_SIZE = 4


class TinySupernet(nn.Module):
    """Blurred noise whose contrast is the architecture's second option, at the side of its first;
    counts the images it makes."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.mix = torch.randn((LATENT_SIZE, 64), generator=rng)
        self.made = 0

    def forward(self, z: Tensor, architecture: Architecture) -> Tensor:
        side, contrast = architecture.options
        self.made += len(z)
        small = torch.tanh(z @ self.mix * contrast).view(-1, 1, 8, 8)
        return small.repeat_interleave(int(side) // 8, 2).repeat_interleave(int(side) // 8, 3)


@pytest.fixture
def small() -> Architecture:
    """8x8 images."""
    return Architecture(options=(8, 0.5), text="8:0.5")


@pytest.fixture
def large() -> Architecture:
    """32x32 images."""
    return Architecture(options=(32, 0.5), text="32:0.5")


@pytest.fixture
def supernet() -> TinySupernet:
    return TinySupernet()


@pytest.fixture(scope="session")
def extractor() -> FeatureExtractor:
    return open_extractor("fashion-classifier")


@pytest.fixture(scope="session")
def reference_file() -> Path:
    return zoo.path("reference/fashion-mnist-32.train.fashion-classifier.safetensors")


@pytest.fixture(scope="session")
def reference(reference_file: Path, extractor: FeatureExtractor) -> Reference:
    return load(reference_file, extractor)


@pytest.fixture
def evaluator(
    supernet: TinySupernet, extractor: FeatureExtractor, reference: Reference
) -> Iterator[FidEvaluator]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield FidEvaluator(
        supernet,
        inputs=LatentInputs(LATENT_SIZE),
        side=32,
        extractor=extractor,
        reference=reference,
    )
    torch.set_num_threads(before)


class BrightOrDark(nn.Module):
    """A segmentation network of two classes: 1 where a pixel is above the middle level."""

    def forward(self, images: Tensor) -> Tensor:
        level = images.float().mean(dim=1, keepdim=True) - 127.5
        return torch.cat([-level, level], 1)


@pytest.fixture(scope="session")
def bright_or_dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its TorchScript file."""
    path = tmp_path_factory.mktemp("segmenter") / "segmentation.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(BrightOrDark()).save(str(path))  # type: ignore[no-untyped-call]
    return path


class Edges(nn.Module):
    """Two feature maps of an image: colours with differences along each axis, and halved."""

    def forward(self, images: Tensor) -> list[Tensor]:
        right = images[:, :, :-1, 1:] - images[:, :, :-1, :-1]
        down = images[:, :, 1:, :-1] - images[:, :, :-1, :-1]
        fine = torch.cat([images[:, :, :-1, :-1] + 1.5, right, down], 1)
        return [fine, nn.functional.avg_pool2d(fine, 2)]


@pytest.fixture(scope="session")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its TorchScript file."""
    path = tmp_path_factory.mktemp("perceiver") / "perceptual.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(Edges()).save(str(path))  # type: ignore[no-untyped-call]
    return path
