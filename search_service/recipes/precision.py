"""In which precision the convolutions of a training step may run."""

PRECISIONS = ("float32", "bfloat16")  # the latter by autocast, weights and losses staying float32
