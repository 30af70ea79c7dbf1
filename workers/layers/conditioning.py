"""How a discriminator's layer learns which architecture made the image.

Anycost GANs (Lin et al., CVPR 2021), section 3.3.
"""

from torch import Tensor, nn


class ArchitectureModulation(nn.Module):
    """x * (A code + a + 1) + (B code + b): one scale and one shift per channel."""

    def __init__(self, code_size: int, channels: int) -> None:
        super().__init__()
        self.weight_mapping = nn.Linear(code_size, channels)
        self.bias_mapping = nn.Linear(code_size, channels)

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """code (code_size,), one for the whole batch; the scale and the shift, (channels,) each."""
        return self.weight_mapping(code) + 1, self.bias_mapping(code)
