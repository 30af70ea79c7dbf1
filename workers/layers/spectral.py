"""Spectral normalisation of weights, and weights from which it has been taken off again.

Spectral Normalization for Generative Adversarial Networks (Miyato et al., 2018), section 2.1. The
layers are torch's older form, whose names (`weight_orig`, `weight_u`, `weight_v`) the published
files use: the weight in effect is weight_orig / (u · W v), W being it with a row per output.
"""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from search_service.errors import InvalidFile

_RAW, _LEFT, _RIGHT = "weight_orig", "weight_u", "weight_v"


def with_spectral_norm(layer: nn.Conv2d) -> nn.Conv2d:
    """The same layer, its weight normalised from now on; each run in training mode refines u, v."""
    normalised: nn.Conv2d = spectral_norm(layer)
    return normalised


def has_spectral_norm(state: Mapping[str, Tensor]) -> bool:
    """Whether any weight of this state dict is stored as normalised."""
    return any(_is_raw(key) for key in state)


def without_spectral_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of the plain network that computes the same in evaluation mode.

    Nothing that came in is changed; what was plain is handed on. Raises InvalidFile where a
    normalised weight lacks its u or v.
    """
    plain = {}
    for key, tensor in state.items():
        if _is_raw(key):
            prefix = key.removesuffix(_RAW)
            plain[f"{prefix}weight"] = _effective(state, prefix)
        elif not _is_vector(key, state):
            plain[key] = tensor
    return plain


def _is_raw(key: str) -> bool:
    return key.rpartition(".")[2] == _RAW


def _is_vector(key: str, state: Mapping[str, Tensor]) -> bool:
    prefix, _, last = key.rpartition(".")
    return last in (_LEFT, _RIGHT) and f"{prefix}.{_RAW}" in state


def _effective(state: Mapping[str, Tensor], prefix: str) -> Tensor:
    missing = [name for name in (_LEFT, _RIGHT) if f"{prefix}{name}" not in state]
    if missing:
        raise InvalidFile(f"{prefix}{_RAW} is spectrally normalised but lacks {missing[0]}")
    weight = state[f"{prefix}{_RAW}"].detach()
    u, v = (state[f"{prefix}{name}"].detach() for name in (_LEFT, _RIGHT))
    norm = u.dot(weight.flatten(1).mv(v))
    return weight / norm
