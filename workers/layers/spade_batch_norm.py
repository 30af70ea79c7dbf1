"""A batch norm without parameters whose running statistics keep the width of the supernet."""

import torch.nn.functional as F
from torch import Tensor, nn

MOMENTUM = 0.1  # the share of a training batch in the running statistics


class FullWidthBatchNorm(nn.BatchNorm2d):
    """Channels that come are normalised by the first statistics; the others count as all zero.

    As published: in training the statistics of channels that are away go towards those of zeros,
    and no batch is counted. An extracted subnet therefore holds statistics wider than itself.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False, momentum=MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) with c at most the full width, to the same."""
        assert self.running_mean is not None
        assert self.running_var is not None
        active = x.shape[1]
        mean, variance = self.running_mean[:active], self.running_var[:active]
        if self.training and active < self.num_features:
            for statistics in (self.running_mean, self.running_var):
                statistics[active:] *= 1 - MOMENTUM
        return F.batch_norm(
            x, mean, variance, training=self.training, momentum=MOMENTUM, eps=self.eps
        )
