"""`fashion-classifier`: features of grey 32x32 clothing, by the classifier trained here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from search_service.errors import InvalidFile, InvalidInput
from workers import zoo
from workers.evaluators.channels_last import channels_last
from workers.evaluators.extractors.base import EXTRACTORS, FeatureExtractor, read_weights
from workers.evaluators.fashion_classifier import (
    CLASSES,
    FEATURES,
    ConvNorm,
    FashionClassifier,
)
from workers.evaluators.placement import CPU
from workers.images import from_uint8


class FashionFeatures:
    """The classifier without its head, batch norms folded into the convolutions."""

    name = "fashion-classifier"
    size = FEATURES
    classes = CLASSES
    facts: Mapping[str, Any] = {"resize": "none", "range": "x/127.5-1"}

    def __init__(
        self, classifier: FashionClassifier, digest: str, placement: torch.device = CPU
    ) -> None:
        self.digest, self._placement = digest, placement
        layers = [layer for block in classifier.body for layer in (folded(block), nn.ReLU())]
        body = nn.Sequential(*layers).eval().requires_grad_(False)
        self._body = channels_last(body).to(placement)
        self._head = classifier.head.eval().requires_grad_(False).to(placement)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        if images.dtype != torch.uint8 or images.shape[1:] != (1, 32, 32):
            raise InvalidInput(
                f"{self.name} takes uint8 images of 1x32x32, "
                f"got {images.dtype} of {'x'.join(map(str, images.shape[1:]))}"
            )
        x = from_uint8(images.to(self._placement)).contiguous(memory_format=torch.channels_last)
        features: Tensor = self._body(x).mean(dim=(2, 3))
        return features.cpu()  # (n, 64)

    @torch.inference_mode()
    def logits(self, features: Tensor) -> Tensor:
        """See FeatureExtractor."""
        logits: Tensor = self._head(features.to(self._placement))
        return logits.cpu()


def folded(block: nn.Module) -> nn.Conv2d:
    """One convolution that equals the block's convolution and its batch norm at inference."""
    assert isinstance(block, ConvNorm)
    conv, norm = block.conv, block.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # (out,)
    plain = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size[0],
        conv.stride[0],
        conv.kernel_size[0] // 2,
    )
    weight = conv.weight * scale[:, None, None, None]
    plain.load_state_dict({"weight": weight, "bias": norm.bias - norm.running_mean * scale})
    return plain


@EXTRACTORS.register(FashionFeatures.name)
def open_fashion_classifier(file: Path | None, placement: torch.device) -> FeatureExtractor:
    """From a file, or from the zoo. Raises InvalidFile."""
    path = file or zoo.path("fashion-classifier/weights.safetensors")
    content, digest = read_weights(path, "it should hold the weights of the fashion classifier")
    classifier = FashionClassifier().eval()
    try:
        classifier.load_state_dict(safetensors.torch.load(content))
    except (safetensors.SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidFile(f"{path} does not hold the fashion classifier: {reason}") from error
    return FashionFeatures(classifier, digest, placement)
