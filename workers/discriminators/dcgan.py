"""A small discriminator of strided convolutions.

Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks
(Radford et al., 2016), section 3, without the batch normalisation, which would let an image's
verdict depend on its neighbours', and with a hidden layer before the verdict. With `classes` it
also judges whether an image shows its class.
"""

from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.layers.conditioning import LabelProjection

SMALLEST = 4  # the side at which the verdict is made
SLOPE = 0.2  # of leaky ReLU


class DcganDiscriminator(nn.Module):
    """`channels` at half the full side, twice as many at each smaller one; `hidden` at the end."""

    def __init__(
        self, *, resolution: int, channels: int, hidden: int, image_channels: int, classes: int
    ) -> None:
        super().__init__()
        self.classes, self.image_channels, self.resolution = classes, image_channels, resolution
        steps: list[nn.Module] = []
        inputs, width = image_channels, channels
        for _ in range((resolution // SMALLEST).bit_length() - 1):
            convolution = nn.Conv2d(inputs, width, 4, stride=2, padding=1)
            nn.init.kaiming_normal_(convolution.weight, SLOPE)
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # it has one
            steps += [convolution, nn.LeakyReLU(SLOPE)]
            inputs, width = width, 2 * width
        self.model = nn.Sequential(*steps)
        self.hidden = nn.Sequential(
            nn.Flatten(), nn.Linear(inputs * SMALLEST**2, hidden), nn.LeakyReLU(SLOPE)
        )
        self.verdict = nn.Linear(hidden, 1)
        if classes:
            self.projection = LabelProjection(classes, hidden)

    def forward(self, images: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """(n, image_channels, r, r) to logits (n, 1); `labels` (n,) if there are classes.

        Raises InvalidInput for images of another size, labels where there are no classes, or none
        where there are.
        """
        wanted = (self.image_channels, self.resolution, self.resolution)
        if images.shape[1:] != wanted:
            raise InvalidInput(f"images must be (n, {wanted}), got {tuple(images.shape)}")
        if (labels is not None) != bool(self.classes):
            kind = f"labels of {self.classes} classes" if self.classes else "no labels"
            raise InvalidInput(f"this discriminator takes {kind}")
        features = self.hidden(self.model(images))  # (n, hidden)
        logits: Tensor = self.verdict(features)
        return logits if labels is None else logits + self.projection(features, labels)
