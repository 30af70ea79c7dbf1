"""What comes back from an actor."""

from typing import Any

import ray
import ray.exceptions

from search_service.errors import GansearchError


def get(ref: Any) -> Any:
    """The result; an error of ours that was raised in an actor is raised as itself."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, GansearchError):
            raise error.cause from None
        raise
