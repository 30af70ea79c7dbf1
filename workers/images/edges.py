"""Edge maps of grey images.

A Computational Approach to Edge Detection (Canny, 1986): the gradient of the smoothed image, kept
where it is largest across the edge, then joined from strong to weak by two thresholds.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SMOOTHING = 0.7  # the Gaussian's standard deviation, in pixels
STRONG, WEAK = 0.2, 0.07  # of the gradient of a step from black to white
CHUNK = 2000  # images at a time: bounds the memory, not the result

# The neighbour towards which a gradient points, for directions of 0, 45, 90 and 135 degrees.
ACROSS = ((0, 1), (1, 1), (1, 0), (1, -1))
IN_PLANE = np.zeros((3, 3, 3), bool)  # edges join within an image, at corners too
IN_PLANE[1] = True


def edges(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Edge maps of (n, h, w), of the same shape: 255 on an edge, 0 elsewhere."""
    found = np.zeros(images.shape, np.uint8)
    for start in range(0, len(images), CHUNK):
        part = slice(start, start + CHUNK)
        found[part] = _canny(images[part])
    return found


def _canny(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    smooth = ndimage.gaussian_filter(images.astype(np.float32), (0, SMOOTHING, SMOOTHING))
    down, right = _sobel(smooth, along=1, across=2), _sobel(smooth, along=2, across=1)
    strength = (np.hypot(down, right) / (4 * 255)).astype(np.float32)  # Sobel weighs a step by 4
    ridge = strength * _is_largest_across(strength, down, right)
    weak = ridge > WEAK
    joined, _ = ndimage.label(weak, IN_PLANE)
    strong = np.unique(joined[ridge > STRONG])
    return np.where(np.isin(joined, strong[strong > 0]), np.uint8(255), np.uint8(0))


def _sobel(images: NDArray[np.float32], *, along: int, across: int) -> NDArray[np.float32]:
    # scipy's own works along every axis, and would mix neighbouring images
    slope = ndimage.correlate1d(images, (-1, 0, 1), along)
    mean: NDArray[np.float32] = ndimage.correlate1d(slope, (1, 2, 1), across)
    return mean


def _is_largest_across(
    strength: NDArray[np.float32], down: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Where neither neighbour along the gradient is stronger; ties go to the first in order."""
    octant = np.round(np.arctan2(down, right) / (np.pi / 4)).astype(int) % 4
    padded = np.pad(strength, ((0, 0), (1, 1), (1, 1)))
    height, width = strength.shape[1:]

    def neighbour(dy: int, dx: int) -> NDArray[np.float32]:
        return padded[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]

    largest = np.zeros(strength.shape, bool)
    for direction, (dy, dx) in enumerate(ACROSS):
        ridge = (strength >= neighbour(dy, dx)) & (strength > neighbour(-dy, -dx))
        largest |= (octant == direction) & ridge
    return largest
