"""The contract of worker processes: one name, one process."""

from typing import Protocol


class Workers(Protocol):
    """Who works now. A name is had by whoever holds its token, until the lease ends."""

    def arrive(self, name: str, *, token: str, lease_seconds: float) -> None:
        """Take a name, or renew it with the same token; raises NameTaken while another token has it
        and its lease has not ended. Forgets those whose leases ended long ago: each process that
        was killed left one."""
        ...

    def stay(self, name: str, *, token: str, lease_seconds: float) -> None:
        """Renew it, also after the lease ended if nobody has taken it meanwhile; raises NameTaken
        when somebody has."""
        ...

    def leave(self, name: str, *, token: str) -> None:
        """Give it back; another's is left alone."""
        ...

    def present(self) -> list[str]:
        """The names whose lease has not ended, in order."""
        ...
