"""A segmentation network that the user brings: which class each pixel of an image shows."""

from pathlib import Path

import torch
from torch import Tensor

from search_service.errors import InvalidFile
from workers.evaluators.extractors.torchscript import open_script
from workers.evaluators.placement import CPU

FILE = "segmentation.pt"  # in the data set's folder
WANTED = (
    "wanted is TorchScript that takes uint8 images (n, channels, h, w) and gives logits "
    "(n, classes, h, w)"
)
BATCH_SIZE = 8  # bounds the memory, not the result


class Segmenter:
    """The class with the highest logit, pixel by pixel."""

    def __init__(
        self,
        script: torch.jit.ScriptModule,
        *,
        classes: int,
        digest: str,
        placement: torch.device = CPU,  # where the script is
    ) -> None:
        self.classes = classes
        self.digest = digest
        self._placement = placement
        self._script = script

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """uint8 (n, c, h, w) to classes, int64 (n, h, w); both on the CPU."""
        parts = torch.split(images, BATCH_SIZE)
        return torch.cat(
            [self._script(part.to(self._placement)).argmax(dim=1) for part in parts]
        ).cpu()


def open_segmenter(
    file: Path, image_shape: tuple[int, int, int], *, placement: torch.device = CPU
) -> Segmenter:
    """From the user's file, tried on an image of (channels, height, width).

    Raises InvalidFile when there is none, it is no TorchScript, or gives something else.
    """
    script, digest = open_script(file, WANTED, placement)
    trial = torch.zeros((1, *image_shape), dtype=torch.uint8, device=placement)
    try:
        with torch.inference_mode():
            logits = script(trial)
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1]
        raise InvalidFile(f"{file} cannot take images {tuple(trial.shape)}: {why}") from error
    if not isinstance(logits, Tensor):
        raise InvalidFile(f"{file} gives a {type(logits).__name__}; {WANTED}")
    if logits.dim() != 4 or logits[:, 0].shape != trial[:, 0].shape or logits.shape[1] < 2:
        raise InvalidFile(
            f"{file} gives {tuple(logits.shape)} for images {tuple(trial.shape)}; {WANTED}"
        )
    return Segmenter(script, classes=logits.shape[1], digest=digest, placement=placement)
