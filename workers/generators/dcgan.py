"""A small generator of transposed convolutions.

Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks
(Radford et al., 2016), section 3, but for the normalisation: over the channels of each pixel, as in
Progressive Growing of GANs (Karras et al., 2018), section 4.2, so that an image depends on its own
latent alone, in training and after.
"""

import torch
from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.supernets.anycost_labels import with_labels

SMALLEST = 4  # the side that the latent is made into


class ChannelNorm(nn.Module):
    """Unit mean square over the channels of each pixel."""

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


class DcganGenerator(nn.Module):
    """`channels` at half the full side, twice as many at each smaller one; with `classes` a one-hot
    row stands behind each latent."""

    def __init__(
        self, *, resolution: int, latent_dim: int, channels: int, image_channels: int, classes: int
    ) -> None:
        super().__init__()
        self.latent_dim, self.classes = latent_dim, classes
        self.resolution, self.image_channels = resolution, image_channels
        width = channels * resolution // (2 * SMALLEST)
        first = nn.ConvTranspose2d(latent_dim + classes, width, SMALLEST)
        steps: list[nn.Module] = [first, ChannelNorm(), nn.ReLU()]
        while width > channels:
            step = nn.ConvTranspose2d(width, width // 2, 4, stride=2, padding=1)
            steps += [step, ChannelNorm(), nn.ReLU()]
            width //= 2
        last = nn.ConvTranspose2d(width, image_channels, 4, stride=2, padding=1)
        self.model = nn.Sequential(*steps, last, nn.Tanh())
        for layer in self.model:
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, z: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """Images (n, image_channels, r, r) in [-1, 1] of latents z (n, latent_dim).

        Where there are classes, `labels` are (n,) whole numbers; without them every latent decides
        its own. Rows of class weights may also stand behind the latents, latent_dim + classes in
        all. Raises InvalidInput for another shape, for labels where there are no classes, or twice.
        """
        whole = self.latent_dim + self.classes
        if z.ndim != 2 or z.shape[1] not in (self.latent_dim, whole):
            sizes = " or ".join(str(size) for size in sorted({self.latent_dim, whole}))
            raise InvalidInput(f"latents must be (n, {sizes}), got {tuple(z.shape)}")
        if self.classes and z.shape[1] == self.latent_dim:
            z = with_labels(z, labels, self.classes)
        elif labels is not None:
            raise InvalidInput(
                "labels are given twice: class weights stand behind the latents"
                if self.classes
                else "this generator has no classes: it takes no labels"
            )
        images: Tensor = self.model(z[:, :, None, None])
        return images
