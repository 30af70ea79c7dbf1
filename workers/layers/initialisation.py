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


def initialise_xavier(network: nn.Module) -> None:
    """Every convolution's weights as Xavier's normal with gain 0.02, its biases 0: how the
    published SPADE generators, their discriminators and projections begin.

    Understanding the difficulty of training deep feedforward networks (Glorot and Bengio, 2010).
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.xavier_normal_(layer.weight, gain=DEVIATION)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
