"""A history of generated images, so that a discriminator does not forget what it was shown.

Learning from Simulated and Unsupervised Images through Adversarial Training (Shrivastava et al.,
2017), section 2.3, in the form that CycleGAN uses.
"""

import torch
from torch import Tensor

from workers.training.draws import Draws
from workers.training.sharing import mine, whole


class ImagePool:
    """Up to `size` images; its state goes into checkpoints like a network's."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, fresh: Tensor, draws: Draws) -> Tensor:
        """As many images as came, (n, c, h, w), without gradients.

        While there is room an image is kept and handed back. Then it is handed back with
        probability 1/2; otherwise a random one of the pool is, and it takes that one's place.
        """
        handed = []
        for image in whole(fresh):  # every process keeps the same history
            if len(self.images) < self.size:
                self.images.append(image.clone())
                handed.append(image)
            elif self.size and draws.rng.random() < 0.5:
                place = int(draws.rng.integers(self.size))
                handed.append(self.images[place])
                self.images[place] = image.clone()
            else:
                handed.append(image)
        return mine(torch.stack(handed))

    def state_dict(self) -> dict[str, list[Tensor]]:
        """The images."""
        return {"images": list(self.images)}

    def load_state_dict(self, state: dict[str, list[Tensor]], /) -> None:
        """Go on with these."""
        self.images = list(state["images"])
