"""`inception`: the standard FID features, from NVIDIA's TorchScript of the 2015 network.

The user brings the file (inception-2015-12-05.pt): its terms do not let this project ship it.
"""

from pathlib import Path

import torch
from torch import Tensor

from search_service.errors import InvalidFile, InvalidInput
from workers.evaluators.extractors.base import EXTRACTORS, FeatureExtractor
from workers.evaluators.extractors.torchscript import open_script

ARGUMENTS = ("img", "return_features", "use_fp16", "no_output_bias")
FEATURES = 2048


class InceptionFeatures:
    """The 2048 pooled features; the network resizes to 299x299 itself."""

    name = "inception"
    size = FEATURES

    def __init__(self, script: torch.jit.ScriptModule, digest: str) -> None:
        self.digest = digest
        self._script = script

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] not in (1, 3):
            raise InvalidInput(
                f"{self.name} takes uint8 images (n, 1 or 3, h, w), "
                f"got {images.dtype} of shape {tuple(images.shape)}"
            )
        features: Tensor = self._script(images.expand(-1, 3, -1, -1), return_features=True)
        return features.float()  # (n, 2048)


@EXTRACTORS.register(InceptionFeatures.name)
def open_inception(file: Path | None) -> FeatureExtractor:
    """From the user's file. Raises InvalidFile when there is none, or it is another network."""
    wanted = "inception needs NVIDIA's inception-2015-12-05.pt"
    if file is None:
        raise InvalidFile(f"no file given: {wanted}")
    script, digest = open_script(file, wanted)
    arguments = tuple(argument.name for argument in script.forward.schema.arguments[1:])
    if arguments != ARGUMENTS:
        raise InvalidFile(f"{file} takes ({', '.join(arguments)}), not ({', '.join(ARGUMENTS)})")
    extractor = InceptionFeatures(script, digest)
    shape = tuple(extractor(torch.zeros(1, 3, 32, 32, dtype=torch.uint8)).shape)
    if shape != (1, FEATURES):
        raise InvalidFile(f"{file} makes features of shape {shape}, not (1, {FEATURES})")
    return extractor
