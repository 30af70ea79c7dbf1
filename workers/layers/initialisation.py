"""The weights that image-to-image networks begin with."""

from torch import nn

DEVIATION = 0.02


def initialise_normal(network: nn.Module) -> None:
    """Every convolution's weights from N(0, 0.02²), its biases 0, as pix2pix and CycleGAN begin.

    Image-to-Image Translation with Conditional Adversarial Networks (Isola et al., 2017), 6.2.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=DEVIATION)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
