"""A batch norm without parameters whose running statistics keep the width of the supernet."""

import torch.nn.functional as F
from torch import Tensor, nn

from workers.layers.shared_statistics import are_shared, whole_moments

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
        if self.training and are_shared():
            return self._shared(x, mean, variance)
        return F.batch_norm(
            x, mean, variance, training=self.training, momentum=MOMENTUM, eps=self.eps
        )

    def _shared(self, x: Tensor, running_mean: Tensor, running_var: Tensor) -> Tensor:
        """In training, by the statistics of a batch of which this process has a part."""
        whole = x.to(running_mean.dtype)
        mean, variance, count = whole_moments(whole)
        running_mean.lerp_(mean.detach(), MOMENTUM)
        running_var.lerp_(variance.detach() * (count / (count - 1)), MOMENTUM)
        scale = (variance + self.eps).rsqrt()
        return ((whole - mean[:, None, None]) * scale[:, None, None]).to(x.dtype)
