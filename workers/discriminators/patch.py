"""PatchGAN: logits on patches of an image, or of an image and what it was made from.

Image-to-Image Translation with Conditional Adversarial Networks (Isola et al., 2017), 3.2.2.
"""

from itertools import pairwise

from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.layers.initialisation import initialise_normal
from workers.layers.normalisation import InstanceNorm
from workers.layers.spectral import with_spectral_norm

KERNEL = 4
SLOPE = 0.2  # of leaky ReLU
WIDEST = 8  # times the base width


class PatchDiscriminator(nn.Module):
    """`layers` convolutions of stride 2, one of stride 1, and one to logits.

    `input_channels`: of the image, plus those of its input where pairs are judged. `spectral`:
    every convolution but the last is spectrally normalised.
    """

    def __init__(
        self,
        input_channels: int,
        *,
        base_channels: int = 64,
        layers: int = 3,
        spectral: bool = False,
    ) -> None:
        super().__init__()
        self.input_channels, self.layers = input_channels, layers
        widths = [base_channels * min(2**i, WIDEST) for i in range(layers + 1)]
        convolutions = [
            nn.Conv2d(input_channels, widths[0], KERNEL, stride=2, padding=1),
            *(
                nn.Conv2d(inputs, outputs, KERNEL, stride=2 if i < layers else 1, padding=1)
                for i, (inputs, outputs) in enumerate(pairwise(widths), start=1)
            ),
        ]
        verdict = nn.Conv2d(widths[-1], 1, KERNEL, stride=1, padding=1)
        for convolution in (*convolutions, verdict):
            initialise_normal(convolution)
        first, *rest = map(with_spectral_norm, convolutions) if spectral else convolutions
        steps: list[nn.Module] = [first, nn.LeakyReLU(SLOPE)]
        for convolution in rest:
            steps += [convolution, InstanceNorm(), nn.LeakyReLU(SLOPE)]
        self.model = nn.Sequential(*steps, verdict)

    def forward(self, images: Tensor) -> Tensor:
        """(n, input_channels, h, w) to logits (n, 1, h', w'): 30x30 of 256x256 with 3 layers.

        Raises InvalidInput for other channels, or a side too small for the layers.
        """
        smallest = 3 << self.layers  # leaves 2x2 where the last norm is
        if images.shape[1] != self.input_channels or min(images.shape[2:]) < smallest:
            raise InvalidInput(
                f"a discriminator of {self.layers} layers takes (n, {self.input_channels}, h, w) "
                f"with sides from {smallest}, got {tuple(images.shape)}"
            )
        # Generators give images with channels last in memory; here that is slower by a fifth.
        logits: Tensor = self.model(images.contiguous())
        return logits
