"""How replicates of an estimate were made, which says what their spread means."""

from enum import StrEnum


class Resampling(StrEnum):
    """Two estimates of one protocol have replicates of the same images."""

    JACKKNIFE = "jackknife"  # without one block of images each
    BOOTSTRAP = "bootstrap"  # of as many images, drawn again with replacement
