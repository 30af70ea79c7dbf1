"""A device that is not the CPU, on a machine that has none: as strict as a GPU, and as exact as the
CPU. A tensor is there or here, what is computed from tensors of both is an error."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

ELSEWHERE = torch.device("lazy")  # a name that torch knows everywhere, and has no kernels for
CROSSING = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class Mixed(AssertionError):
    """An operation was given tensors of two devices."""


class There(Tensor):
    """Says that it is elsewhere; its numbers are on the CPU."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> "There":
        with torch.inference_mode(False):  # views of it are counted wherever they are made
            there: There = torch.Tensor._make_wrapper_subclass(
                cls,
                here.shape,
                strides=here.stride(),
                storage_offset=here.storage_offset(),
                dtype=here.dtype,
                device=ELSEWHERE,
            )
        there.here = here
        return there

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # torch's

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch's is narrower than what it does
        cls,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return _run(func, args, kwargs or {})


class Elsewhere(TorchDispatchMode):
    """While it is entered, ELSEWHERE can be computed on. `operations` counts those done there."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch
        self.operations = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if _is_composite(func):
            with self:
                return func.decompose(*args, **given)
        self.operations += any(isinstance(leaf, There) for leaf in tree_leaves((args, given)))
        return _run(func, args, given)


def _is_composite(func: Any) -> bool:
    return bool(
        torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")
    )


def _run(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = any(isinstance(tensor, There) for tensor in tensors)
    if (
        there
        and func not in CROSSING
        and not all(isinstance(t, There) or not t.dim() for t in tensors)
    ):
        raise Mixed(f"{func} is given tensors of two devices")
    if (device := kwargs.get("device")) is not None:
        there = torch.device(device) == ELSEWHERE
        kwargs = {**kwargs, "device": "cpu"}
    by_numbers = {id(t.here): t for t in tensors if isinstance(t, There)}
    here = tree_map(lambda leaf: leaf.here if isinstance(leaf, There) else leaf, (args, kwargs))
    found = func(*here[0], **here[1])

    def back(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or not there:
            return leaf
        return by_numbers[id(leaf)] if id(leaf) in by_numbers else There(leaf)

    return tree_map(back, found)
