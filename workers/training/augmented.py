"""A discriminator that sees augmented images.

Differentiable Augmentation for Data-Efficient GAN Training (Zhao et al., 2020), figure 4: T goes
before the discriminator wherever it looks. The paper's two failures are the same wrapper with T in
fewer places: on reals alone, what T does leaks into the generated images; in the discriminator's
step alone, the generator is led by gradients from where the discriminator has never been.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

from search_service.recipes.augment import Augment
from workers.training.diffaugment import apply, draw

T = TypeVar("T")  # a prediction

# Of each placement: whether real images, generated ones in the discriminator's step, and generated
# ones in the generator's step are augmented.
PLACES = {
    "none": (False, False, False),
    "reals": (True, False, False),
    "discriminator": (True, True, False),
    "all": (True, True, True),
}


class Augmented(Generic[T]):
    """`critic` takes images (n, c, h, w), and whatever else, which is handed on.

    Every call draws its own numbers from `rng`. Of images that come with what they were made from,
    as channels before their own, `image_channels` says how many are their own: all channels are
    moved and cut alike, those alone are coloured.
    """

    def __init__(
        self,
        critic: Callable[..., T],
        augment: Augment,
        rng: torch.Generator,
        *,
        image_channels: int | None = None,
    ) -> None:
        self._critic, self._rng, self._coloured = critic, rng, image_channels
        self._policy = augment.steps
        self._reals, self._fakes, self._generated = PLACES[augment.placement]

    def on_real(self, images: Tensor, *rest: object, **named: object) -> T:
        """Of real images."""
        return self._critic(self.shown_real(images), *rest, **named)

    def on_fake(self, images: Tensor, *rest: object, **named: object) -> T:
        """Of generated images, in the discriminator's step."""
        return self._critic(self.shown_fake(images), *rest, **named)

    def on_generated(self, images: Tensor, *rest: object, **named: object) -> T:
        """Of generated images, in the generator's step: the gradient flows through T to them."""
        return self._critic(self.shown_generated(images), *rest, **named)

    def shown_real(self, images: Tensor) -> Tensor:
        """What `on_real` has the critic look at."""
        return self._shown(images, self._reals)

    def shown_fake(self, images: Tensor) -> Tensor:
        """What `on_fake` has the critic look at."""
        return self._shown(images, self._fakes)

    def shown_generated(self, images: Tensor) -> Tensor:
        """What `on_generated` has the critic look at."""
        return self._shown(images, self._generated)

    def shown_beside(self, images: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """What `on_generated` has the critic look at, and as many real images by the same numbers:
        for a loss that compares the two place by place."""
        if not self._generated:
            return images, real
        drawn = draw(self._policy, images, self._rng)
        generated, true = (apply(drawn, x, coloured=self._coloured) for x in (images, real))
        return generated, true

    def _shown(self, images: Tensor, augmented: bool) -> Tensor:
        if not augmented:
            return images
        return apply(draw(self._policy, images, self._rng), images, coloured=self._coloured)
