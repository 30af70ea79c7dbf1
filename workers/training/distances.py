"""How far two tensors are apart, by name; each takes two of one shape, and returns a scalar."""

from collections.abc import Callable, Mapping

import torch.nn.functional as F
from torch import Tensor

DISTANCES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "l2": F.mse_loss,
    "smooth-l1": F.smooth_l1_loss,
}
