"""The layers of StyleGAN2's discriminator, each optionally told the generator's architecture.

The nesting of modules gives the state-dict names of the published checkpoints.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_service.errors import InvalidInput
from workers.layers.conditioning import ArchitectureModulation, LabelProjection
from workers.layers.equalized import GAIN, LEAK, ChannelBias, EqualizedLinear, EqualizedWeight
from workers.layers.minibatch import append_minibatch_std
from workers.layers.resampling import Blur


class ConvLayer(nn.ModuleList):
    """Blur, convolution, architecture modulation, biased leaky relu; only the second is a must.

    The list holds the weights under their published names; `forward` folds all that is linear
    after the blur into one convolution (a batch has one architecture), because on a CPU each pass
    over the images costs about as much as the convolution's arithmetic.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        down: bool = False,
        activate: bool = True,
        code_size: int = 0,
    ) -> None:
        super().__init__()
        self.stride, self.padding = (2, 0) if down else (1, kernel // 2)
        if down:
            self.append(Blur(padding=(kernel + 1) // 2))
        self.append(EqualizedWeight(inputs, outputs, kernel))
        if code_size:
            self.append(ArchitectureModulation(code_size, outputs))
        if activate:
            self.append(ChannelBias(outputs))

    def forward(self, x: Tensor, code: Tensor | None = None, *, gain: float = 1.0) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h or h/2, …) times `gain`; `code` is (code_size,)."""
        weight, bias, activate = torch.empty(0), None, False
        for layer in self:
            match layer:
                case Blur():
                    x = layer(x)
                case EqualizedWeight():
                    weight = layer() * gain  # (o, i, k, k)
                case ArchitectureModulation():
                    scale, shift = layer(code)  # (o,), (o,)
                    weight, bias = weight * scale.view(-1, 1, 1, 1), shift * gain
                case ChannelBias():
                    own = layer.bias * gain
                    bias = own if bias is None else bias + own
                    activate = True
        if not activate:
            return F.conv2d(x, weight, bias, stride=self.stride, padding=self.padding)
        # sqrt(2) * leaky_relu(a) = leaky_relu(sqrt(2) * a), so the gain rides on small tensors
        assert bias is not None
        y = F.conv2d(x, weight * GAIN, bias * GAIN, stride=self.stride, padding=self.padding)
        return F.leaky_relu(y, LEAK, inplace=True)


class ResidualBlock(nn.Module):
    """Two convolutions to half the side, beside a linear skip; the sum keeps the variance."""

    def __init__(self, inputs: int, outputs: int, *, code_size: int = 0) -> None:
        super().__init__()
        self.conv1 = ConvLayer(inputs, inputs, 3, code_size=code_size)
        self.conv2 = ConvLayer(inputs, outputs, 3, down=True, code_size=code_size)
        self.skip = ConvLayer(inputs, outputs, 1, down=True, activate=False, code_size=code_size)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h/2, w/2)."""
        half = math.sqrt(0.5)
        main: Tensor = self.conv2(self.conv1(x, code), code, gain=half)
        skip: Tensor = self.skip(x, code, gain=half)
        return main + skip


class Verdict(nn.Module):
    """The end of every discriminator: from 4x4 features to one logit an image.

    With `classes` the logit also says how well the image shows its class.
    """

    def __init__(self, features: int, hidden: int, *, classes: int = 0) -> None:
        super().__init__()
        self.classes = classes
        self.final_conv = ConvLayer(features + 1, hidden, 3)
        self.final_linear = nn.Sequential(
            EqualizedLinear(hidden * 16, hidden, lrelu=True), EqualizedLinear(hidden, 1)
        )
        if classes:
            self.projection = LabelProjection(classes, hidden)

    def verdict(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """(n, features, 4, 4) to (n, 1); `labels` (n,) are wanted if there are classes.

        Raises InvalidInput for labels where there are no classes, or none where there are.
        """
        if (labels is not None) != bool(self.classes):
            wanted = f"labels of {self.classes} classes" if self.classes else "no labels"
            raise InvalidInput(f"this discriminator takes {wanted}")
        x = self.final_conv(append_minibatch_std(x))
        features: Tensor = self.final_linear[0](x.flatten(1))  # (n, hidden)
        logits: Tensor = self.final_linear[1](features)
        return logits if labels is None else logits + self.projection(features, labels)
