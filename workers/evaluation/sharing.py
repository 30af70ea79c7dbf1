"""A network whose weights are memory that other processes read too."""

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workers.checkpoints import require_fit


def fill_with_views(module: nn.Module, arrays: Mapping[str, NDArray[Any]], *, source: str) -> None:
    """Make the parameters views of a whole state dict's arrays, which nobody may write from then
    on; they may be read-only, as those of an object store are. Buffers, which a layer may write,
    and numbers of another type than the module's become copies.

    Raises InvalidFile as `workers.checkpoints.fill` does; the module is then unchanged.
    """
    tensors = {name: _view(array) for name, array in arrays.items()}
    require_fit(module, tensors, source=source)
    read_only = {name for name, _ in module.named_parameters()}
    state = {
        name: tensors[name].to(own.dtype, copy=name not in read_only)
        for name, own in module.state_dict().items()
    }
    module.load_state_dict(state, assign=True)


def _view(array: NDArray[Any]) -> Tensor:
    with warnings.catch_warnings():
        # Torch has no read-only tensors, and says so of each array that must not be written.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(array)
