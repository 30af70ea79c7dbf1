"""A channel that tells a discriminator how different the images of its batch are.

Progressive Growing of GANs (Karras et al., 2018), section 3.
"""

import torch
from torch import Tensor

GROUP = 4


def append_minibatch_std(x: Tensor) -> Tensor:
    """(n, c, h, w) to (n, c + 1, h, w): the mean standard deviation within a group of samples.

    The group is min(n, 4), and n must be a multiple of it: samples j, j + n/4, … form one.
    """
    n, _, height, width = x.shape
    group = min(n, GROUP)
    if n % group:
        raise ValueError(f"a batch of {n} cannot be split into groups of {group}")
    deviations = x.float().reshape(group, n // group, -1).var(0, unbiased=False).add(1e-8).sqrt()
    column = deviations.mean(1).repeat(group).to(x.dtype)  # sample j: group j mod (n / group)
    return torch.cat([x, column.view(n, 1, 1, 1).expand(n, 1, height, width)], 1)
