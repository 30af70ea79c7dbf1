"""The contract of measurements."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from search_service.domain.job import Claim
from search_service.domain.measurement import Measurement, MeasurementKey


class Measurements(Protocol):
    """Every measurement ever made, by content."""

    def find(self, keys: Iterable[MeasurementKey]) -> Mapping[MeasurementKey, Measurement]:
        """Those that are stored. `images_png` is not kept here and comes back as None."""
        ...

    def add(
        self, measured: Mapping[MeasurementKey, Measurement]
    ) -> Mapping[MeasurementKey, Measurement]:
        """Store, all or none of them, those whose keys are not there already; what is stored for
        each key comes back (the first one wins). A lease on a key ends with it, whoever has it: an
        owner whose lease ran out may still come with the value, and it is as good."""
        ...

    def reserve(self, claim: Claim, keys: Collection[MeasurementKey]) -> Collection[MeasurementKey]:
        """Take leases on keys that nobody measures; those that the claim's job has now come back.

        Left out are keys that are stored, and keys on which another job has a lease. A lease lasts
        while its claim does and the claim's own lease is renewed: when the job is finished, paused,
        cancelled, released or claimed anew, or its worker dies, the key is anyone's. A job has what
        it had under an earlier claim of its own. Of two jobs that ask at once one gets the key.
        Raises LostClaim."""
        ...

    def give_up(self, claim: Claim, keys: Collection[MeasurementKey]) -> None:
        """End the job's leases on keys that it could not measure; raises LostClaim."""
        ...
