import torch
from torch import nn

from workers.layers.initialisation import initialise_normal


def test_weights_are_small_normal_numbers_and_biases_zero() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(32, 32, 3), nn.ConvTranspose2d(32, 32, 3, bias=False))
    initialise_normal(network)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any()
        else:
            assert abs(parameter.std().item() - 0.02) < 1e-3
            assert abs(parameter.mean().item()) < 1e-3
