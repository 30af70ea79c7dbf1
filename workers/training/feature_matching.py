"""Generated images made to look real to every layer of the discriminator, not to its verdict alone.

High-Resolution Image Synthesis with Conditional GANs (Wang et al., 2018), equation 4.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def feature_matching(fake: Sequence[Sequence[Tensor]], real: Sequence[Sequence[Tensor]]) -> Tensor:
    """Mean absolute difference of features, summed over layers, averaged over scales: a scalar.

    Per scale every layer's output, the logits last, which do not count. The real images' features
    are a target: no gradient goes into them.
    """
    terms = [
        F.l1_loss(fake_layer, real_layer.detach())
        for fake_scale, real_scale in zip(fake, real, strict=True)
        for fake_layer, real_layer in zip(fake_scale[:-1], real_scale[:-1], strict=True)
    ]
    return torch.stack(terms).sum() / len(fake)


def split_prediction(both: Sequence[Sequence[Tensor]]) -> tuple[list[list[Tensor]], ...]:
    """Of a batch whose first half is generated and second half real: (fake, real).

    The published program judges both in one pass, so that both meet the same spectral norms.
    """
    halves = [[layer.chunk(2) for layer in scale] for scale in both]
    return tuple([[layer[i] for layer in scale] for scale in halves] for i in (0, 1))
