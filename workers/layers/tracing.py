"""Whether a network is run to be recorded rather than for its result."""

import torch


def is_recorded() -> bool:
    """A graph is being made of the run: leave out what only makes this machine faster."""
    traced: bool = torch.jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]  # public
    return traced or torch.compiler.is_compiling()
