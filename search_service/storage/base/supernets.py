"""The contract of supernets."""

from typing import Protocol

from search_service.domain.supernet import Supernet
from search_service.storage.base.paging import Page


class Supernets(Protocol):
    """Registered supernets."""

    def add(self, supernet: Supernet) -> None:
        """Store a new one; raises NameTaken."""
        ...

    def get(self, id_or_name: str) -> Supernet:
        """Raises NotFound."""
        ...

    def page(self, *, size: int, token: str | None = None) -> Page[Supernet]:
        """Newest first. Raises InvalidInput for a token that is not one of ours."""
        ...

    def pending(self) -> list[Supernet]:
        """Those that no worker has settled yet, oldest first."""
        ...

    def settle(self, supernet: Supernet) -> None:
        """Replace a pending one by its ready or invalid self; a settled one is left as it is.
        Raises NotFound."""
        ...
