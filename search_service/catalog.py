"""What can be searched: supernets registered by users, settled by a worker, and their spaces."""

import hashlib
import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from os.path import isdir, isfile  # false also for what no path can be
from typing import Any

import fsspec

from search_service import spaces
from search_service.domain.datasets import FIXED, USER_FOLDERS, name_and_folder
from search_service.domain.ids import new_id
from search_service.domain.space import SearchSpace
from search_service.domain.supernet import Supernet
from search_service.errors import InvalidFile, NotFound, UnknownName
from search_service.queue import WakeUps
from search_service.storage.base import Storage

# What PyTorch's own files begin with: zip archives now, a pickled number in older ones.
PYTORCH_STARTS = (b"PK\x03\x04", b"\x80\x02\x8a\x0a")
FEATURE_EXTRACTORS = ("fashion-classifier", "inception:<path of its weights>")


def register_supernet(
    *,
    name: str,
    family: str,
    parameters: Mapping[str, Any],
    checkpoint: str,
    dataset: str,
    feature_extractor: str,
    storage: Storage,
    wake_ups: WakeUps,
) -> Supernet:
    """Accept a checkpoint. What can be told without torch is told now; a worker then loads it.

    Raises InvalidInput with a JSON pointer (family, parameters, a file that is missing, truncated
    or not safetensors) and NameTaken.
    """
    spaces.build(family, parameters)
    check_dataset(dataset)
    check_extractor(feature_extractor)
    check_checkpoint(checkpoint)
    supernet = Supernet(
        id=new_id("sup"),
        name=name,
        family=family,
        parameters=parameters,
        checkpoint=checkpoint,
        dataset=dataset,
        feature_extractor=feature_extractor,
        created_at=datetime.now(UTC),
    )
    storage.supernets.add(supernet)
    wake_ups.ring()
    return supernet


def space_of(supernet: Supernet) -> SearchSpace:
    """The search space of a registered supernet."""
    return spaces.build(supernet.family, supernet.parameters)


def digest_of(uri: str) -> str:
    """The SHA-256 of the file. Raises InvalidFile."""
    try:
        with fsspec.open(uri, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, ImportError) as error:
        raise InvalidFile(f"cannot read {uri}: {error}", pointer="/checkpoint") from error


def check_checkpoint(uri: str) -> None:
    """The file is there and is a whole safetensors file, judged by its header and length alone, or
    begins as PyTorch's own files do; what it holds is seen when a worker loads it.

    Raises InvalidFile.
    """
    pointer = "/checkpoint"
    try:
        with fsspec.open(uri, "rb") as file:
            prefix = file.read(8)
            if prefix.startswith(PYTORCH_STARTS):
                return
            if len(prefix) < 8:
                raise InvalidFile(f"{uri} is not a safetensors file: too short", pointer=pointer)
            (length,) = struct.unpack("<Q", prefix)
            if length > 100_000_000:
                raise InvalidFile(f"{uri} is not a safetensors file: bad header", pointer=pointer)
            header = json.loads(file.read(length))
            end = file.seek(0, 2)
    except InvalidFile:
        raise
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, ValueError) and not isinstance(error, FileNotFoundError):
            said = "not a safetensors file, or an unknown kind of URI"
        else:
            said = str(error)
        raise InvalidFile(f"cannot read {uri}: {said}", pointer=pointer) from error
    ends = [t["data_offsets"][1] for name, t in header.items() if name != "__metadata__"]
    wanted = 8 + length + max(ends, default=0)
    if end != wanted:
        raise InvalidFile(f"{uri} is truncated: {end} bytes of {wanted}", pointer=pointer)


def check_dataset(text: str) -> None:
    """Raises UnknownName, and InvalidFile for a folder that is not there."""
    if text in FIXED:
        return
    name, folder = name_and_folder(text)
    if name not in USER_FOLDERS or not folder:
        known = (*FIXED, *(f"{kind}:<folder>" for kind in USER_FOLDERS))
        raise _unknown("dataset", text, known)
    if not isdir(folder):
        raise InvalidFile(f"no folder at {folder!r}", pointer="/dataset")


def check_extractor(text: str) -> None:
    """Raises UnknownName, and InvalidFile for a file that is not there."""
    name, colon, path = text.partition(":")
    if text == "fashion-classifier":
        return
    if name != "inception" or not colon:
        raise _unknown("feature_extractor", text, FEATURE_EXTRACTORS)
    if not isfile(path):
        raise InvalidFile(f"no file at {path!r}", pointer="/feature_extractor")


def _unknown(field: str, value: str, known: tuple[str, ...]) -> UnknownName:
    return UnknownName(f"unknown {field} {value!r}; known: {', '.join(known)}", pointer=f"/{field}")


def require_device(name: str, *, pointer: str, storage: Storage) -> None:
    """Raises UnknownName for a device that no worker has brought, with those that are known."""
    try:
        storage.devices.get(name)
    except NotFound as error:
        known = ", ".join(device.name for device in storage.devices.all()) or "none yet"
        raise UnknownName(f"unknown device {name!r}; known: {known}", pointer=pointer) from error
