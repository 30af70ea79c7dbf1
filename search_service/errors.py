"""Everything this project raises on purpose.

GansearchError
├── InvalidInput              the caller said something wrong; say it back, change nothing
│   ├── UnknownName           a name that no registry, table or store knows
│   ├── InvalidArchitecture   options or a text form that the space does not hold
│   ├── InfeasibleConstraint  no architecture can meet it; carries the reachable range
│   ├── InvalidSetting        an environment variable that is unknown or malformed
│   └── InvalidFile           a file that is missing, truncated, of another format or other shapes
├── Conflict                  the state of a thing forbids the step
│   ├── IllegalTransition     a job's state does not allow it; names what it allows
│   └── NameTaken             a unique name is in use
├── NotFound                  an id that does not exist
├── Refused                   the server said no to a request; its words
├── Unreachable               no server answers; how to start one
├── StorageUnavailable        the database does not answer now: try again later
├── ArtifactsUnavailable      a file cannot be kept now: no room, or its store is away
├── ClusterUnavailable        the Ray cluster has gone: join the next, go on from what is recorded
├── TooManyRequests           a client asked more often than it may: when to ask again
├── LostClaim                 another worker owns the job now: stop, write nothing more
├── MeasurementFailed         a candidate could not be measured: mark it failed, go on
├── TrainingDiverged          a loss is no longer a number: stop; the last checkpoint is good
└── TrainingFailed            the processes of a training ended otherwise than at its end
"""


class GansearchError(Exception):
    """The root: its text is one line for the user."""


class InvalidInput(GansearchError):
    """The caller's words are wrong; `pointer` is the JSON pointer of the offending field."""

    def __init__(self, detail: str, *, pointer: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class UnknownName(InvalidInput):
    """A name that is not in its table; the text lists the known ones."""


class InvalidArchitecture(InvalidInput):
    """Options or a text form that the search space does not hold."""


class InfeasibleConstraint(InvalidInput):
    """A constraint that no architecture of the space meets."""


class InvalidSetting(InvalidInput):
    """An environment variable that is unknown or has a value of the wrong form."""


class InvalidFile(InvalidInput):
    """A file that is missing, truncated, of another format, or holds other shapes."""


class Conflict(GansearchError):
    """The present state forbids the step."""


class IllegalTransition(Conflict):
    """A job's state does not allow the step; the text names the steps it allows."""


class NameTaken(Conflict):
    """A unique name that is already in use."""


class NotFound(GansearchError):
    """An id or unique name that does not exist."""


class Refused(GansearchError):
    """An answer of 400 or above, in the server's own words."""

    def __init__(self, detail: str, *, status: int) -> None:
        super().__init__(detail)
        self.status = status


class Unreachable(GansearchError):
    """No server answers at the address; the text says how to start one."""


class StorageUnavailable(GansearchError):
    """The database is away, locked or broken now; the text is for the log of who runs it."""


class ArtifactsUnavailable(GansearchError):
    """A file cannot be kept: the job fails and says why; a retry goes on from what is recorded."""


class ClusterUnavailable(GansearchError):
    """The Ray cluster has gone, or is not there yet; the text is for the log of who runs it."""


class TooManyRequests(GansearchError):
    """More requests than a client may make in a minute; it may ask again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many requests from this address; ask again in {seconds} s")
        self.seconds = seconds


class LostClaim(GansearchError):
    """The claim on a job has ended (lease lost, cancelled, paused): stop, write nothing more."""


class MeasurementFailed(GansearchError):
    """One candidate could not be measured; the search marks it failed and goes on."""


class TrainingDiverged(GansearchError):
    """A loss is no longer a number; the run stops, its last checkpoint is intact."""


class TrainingFailed(GansearchError):
    """A training's processes died again and again, or refused what they were given."""
