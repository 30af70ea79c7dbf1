"""`inception`: the standard FID features, 2048 of the 2015 network, from a file the user brings.

Either the common state dict (`pt_inception-2015-12-05-….pth`), which fills the network written
here, or NVIDIA's TorchScript (`inception-2015-12-05.pt`), which carries its own. Their terms do not
let this project ship them. The two have different digests, so their features never meet.
"""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from search_service.errors import InvalidFile, InvalidInput
from workers.checkpoint_files import decode
from workers.checkpoints import fill
from workers.evaluators.channels_last import channels_last
from workers.evaluators.extractors.base import EXTRACTORS, FeatureExtractor, read_weights
from workers.evaluators.extractors.inception_network import OUTPUTS, InceptionNetwork
from workers.evaluators.extractors.tf_resize import TF_BILINEAR
from workers.evaluators.extractors.torchscript import open_script

ARGUMENTS = ("img", "return_features", "use_fp16", "no_output_bias")
FEATURES = 2048
BATCH_SIZE = 16  # images at 299x299 that are in the network at once: bounds the memory
WANTED = (
    "inception needs the common state dict (pt_inception-2015-12-05-….pth) or NVIDIA's TorchScript "
    "(inception-2015-12-05.pt)"
)
_COUNTER = ".num_batches_tracked"  # of batch norms: some copies of the file have them, some not


class InceptionFeatures:
    """The 2048 pooled features of the network written here."""

    name = "inception"
    size = FEATURES
    classes = OUTPUTS
    facts: Mapping[str, Any] = {"resize": f"{TF_BILINEAR}-299", "range": "(x-128)/128"}

    def __init__(self, network: InceptionNetwork, digest: str, placement: torch.device) -> None:
        self.digest, self._placement = digest, placement
        self._network = channels_last(network.eval().requires_grad_(False)).to(placement)

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        parts = torch.split(_colour(images), BATCH_SIZE)
        found = [self._network(part.to(self._placement)) for part in parts]
        return torch.cat(found).cpu()  # (n, 2048)

    @torch.inference_mode()
    def logits(self, features: Tensor) -> Tensor:
        """See FeatureExtractor."""
        return self._network.logits(features.to(self._placement)).cpu()


class InceptionScript:
    """The same features by NVIDIA's TorchScript, which resizes to 299x299 itself."""

    name = "inception"
    size = FEATURES
    classes = 0  # its last layer cannot be asked about features
    facts: Mapping[str, Any] = {"resize": "by the script", "range": "by the script"}

    def __init__(
        self, script: torch.jit.ScriptModule, digest: str, placement: torch.device
    ) -> None:
        self.digest, self._placement = digest, placement
        self._script = script

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        parts = torch.split(_colour(images), BATCH_SIZE)
        found = [
            self._script(part.to(self._placement), return_features=True).float() for part in parts
        ]
        return torch.cat(found).cpu()  # (n, 2048)

    def logits(self, features: Tensor) -> Tensor:
        """Raises InvalidInput."""
        raise InvalidInput(
            "the TorchScript of inception cannot tell classes from features; the state dict can"
        )


@EXTRACTORS.register(InceptionFeatures.name)
def open_inception(file: Path | None, placement: torch.device) -> FeatureExtractor:
    """From the user's file. Raises InvalidFile when there is none, it is damaged, or it is another
    network."""
    if file is None:
        raise InvalidFile(f"no file given: {WANTED}")
    return _open_script(file, placement) if _is_script(file) else _open_state(file, placement)


def _open_state(file: Path, placement: torch.device) -> FeatureExtractor:
    content, digest = read_weights(file, WANTED)
    # Such files end in the first digits of their own digest.
    named = re.search(r"-([0-9a-f]{8})\.pth$", file.name)
    if named and not digest.startswith(named[1]):
        raise InvalidFile(f"{file} is damaged: its SHA-256 begins with {digest[:8]}")
    try:
        tensors = decode(content, str(file))
    except InvalidFile as error:
        raise InvalidFile(f"{error}; {WANTED}") from error
    network = InceptionNetwork()
    counters = {name: t for name, t in network.state_dict().items() if name.endswith(_COUNTER)}
    fill(network, {**counters, **tensors}, source=str(file))
    return InceptionFeatures(network, digest, placement)


def _open_script(file: Path, placement: torch.device) -> FeatureExtractor:
    script, digest = open_script(file, WANTED, placement)
    arguments = tuple(argument.name for argument in script.forward.schema.arguments[1:])
    if arguments != ARGUMENTS:
        raise InvalidFile(f"{file} takes ({', '.join(arguments)}), not ({', '.join(ARGUMENTS)})")
    extractor = InceptionScript(script, digest, placement)
    shape = tuple(extractor(torch.zeros(1, 3, 32, 32, dtype=torch.uint8)).shape)
    if shape != (1, FEATURES):
        raise InvalidFile(f"{file} makes features of shape {shape}, not (1, {FEATURES})")
    return extractor


def _is_script(file: Path) -> bool:
    """TorchScript is a zip archive with code in it; a state dict has none."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any("/code/" in name for name in archive.namelist())


def _colour(images: Tensor) -> Tensor:
    """Grey images count as colour ones. Raises InvalidInput for what is neither."""
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] not in (1, 3):
        raise InvalidInput(
            f"inception takes uint8 images (n, 1 or 3, h, w), "
            f"got {images.dtype} of shape {tuple(images.shape)}"
        )
    return images.expand(-1, 3, -1, -1)
