"""A small classifier of clothing whose pooled features are the FID features of this data."""

from torch import Tensor, nn
from torch.nn import functional as F

# (out channels, kernel, stride) of each convolution; 32x32 in, 4x4 out. Wide early strides: an
# architecture search spends much of its time here, and 16x16 is enough to tell clothes apart.
LAYERS = ((32, 5, 2), (64, 3, 2), (64, 3, 1), (96, 3, 2), (96, 3, 1), (64, 1, 1))
FEATURES = LAYERS[-1][0]
CLASSES = 10


class ConvNorm(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        activated: Tensor = F.relu(self.norm(self.conv(x)))
        return activated


class FashionClassifier(nn.Module):
    """Grey images (n, 1, 32, 32) in [-1, 1] to class logits (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        layers, channels = [], 1
        for out_channels, kernel, stride in LAYERS:
            layers.append(ConvNorm(channels, out_channels, kernel, stride))
            channels = out_channels
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(FEATURES, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        """The input of the last layer, (n, 64)."""
        maps: Tensor = self.body(x)  # (n, 64, 4, 4)
        return maps.mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(F.dropout(self.features(x), 0.1, self.training))
        return logits
