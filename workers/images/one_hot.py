"""Label maps as a generator takes them: a channel per class, and one of the instances' edges."""

import torch
from torch import Tensor

from search_service.errors import InvalidInput

UNKNOWN = 255  # the label of a pixel whose class nobody knows


def one_hot(maps: Tensor, channels: int) -> Tensor:
    """Maps uint8 (n, 1 or 2, h, w) to float32 (n, channels, h, w), zeros and ones.

    The first plane holds labels, the second, where there is one, edges: it becomes the last
    channel. The other channels are classes; UNKNOWN goes to the last of them.
    """
    count, planes, height, width = maps.shape
    classes = class_count(channels, planes)
    labels = maps[:, :1].long()
    labels[labels == UNKNOWN] = classes - 1
    expanded = torch.zeros((count, channels, height, width), device=maps.device)
    expanded[:, :classes].scatter_(1, labels, 1.0)
    expanded[:, classes:] = maps[:, 1:]
    return expanded


def class_count(channels: int, planes: int) -> int:
    """How many of the channels are classes, the unknown one among them."""
    return channels - (planes - 1)


def check_labels(labels: Tensor, channels: int, planes: int, *, source: str) -> None:
    """Raises InvalidInput for a label without a channel, or unknown pixels without their own."""
    classes = class_count(channels, planes)
    found = set(torch.unique(labels).tolist())
    edges = " and one of edges" if planes > 1 else ""
    beyond = sorted(found - {UNKNOWN} - set(range(classes)))
    if beyond:
        raise InvalidInput(
            f"{source} holds label {beyond[0]}, but the supernet's {channels} input channels are "
            f"{classes} classes{edges}: labels 0 to {classes - 1}"
        )
    if UNKNOWN in found and classes - 1 in found:
        raise InvalidInput(
            f"{source} holds both label {classes - 1} and unknown pixels ({UNKNOWN}), which take "
            f"the last class of the supernet's {channels} input channels ({classes} classes{edges})"
        )
