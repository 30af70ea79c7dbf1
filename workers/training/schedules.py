"""How a learning rate changes over a run."""


def constant_then_linear(index: int, *, constant: int, decay: int) -> float:
    """The factor of update `index`, from 0: 1 for `constant` updates, then down to 1/(decay + 1).

    The rule of pix2pix and CycleGAN, which count in epochs; here an update is a step, so that the
    rate falls evenly. With constant 2 and decay 3: 1, 1, 0.75, 0.5, 0.25.
    """
    return 1.0 - max(0, index + 1 - constant) / (decay + 1)
