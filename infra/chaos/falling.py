"""Parts that end by themselves: started again, and whether that is explained."""

import logging
import time
from collections.abc import Collection, Sequence

from infra.chaos.component import Component, Kind

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # between two looks at what parts say of their own processes


class Falling:
    """Watches the first processes of all parts.

    A part may end by itself where it cannot begin, for want of what it needs. A Ray node may also
    end when its head goes, when it stood still for so long that it was taken for dead, or when it
    takes too long to begin: Ray has it so. Anything else is a fault.
    """

    def __init__(self, components: Sequence[Component]) -> None:
        """All of them serve now."""
        self._components = components
        self._began = dict.fromkeys(components, time.monotonic())
        self._beginning: set[Component] = set()  # started again, and not seen to serve yet
        self._trouble: dict[Component, float] = {}  # when it last was down or had not recovered
        self._looked = time.monotonic()
        for component in components:
            component.losses()  # of before
        self.faults: list[str] = []

    def struck(self, component: Component) -> None:
        """It is in trouble from now on."""
        self._trouble[component] = time.monotonic()

    def start(self, component: Component) -> None:
        """Again, whatever ended it."""
        self._began[component] = time.monotonic()
        self._beginning.add(component)
        component.start()

    def fallen(
        self, *, down: Collection[Component], troubled: Collection[Component]
    ) -> list[Component]:
        """Those that ended by themselves since the last call, which are started again, and those
        that replaced a process. `down` are ended on purpose, `troubled` not recovered yet."""
        now = time.monotonic()
        self._trouble |= dict.fromkeys(troubled, now)
        self._beginning = {c for c in self._beginning if c.ended or not c.serves()}
        found = []
        for component in self._components:
            if component in down or not component.ended:
                continue
            found.append(component)
            status = component.session.status
            if why := self._explanation(component):
                logger.info("%s fell with status %s: %s", component.name, status, why)
            else:
                self.faults.append(f"{component.name} ended with status {status} by itself")
                logger.info("%s", self.faults[-1])
            self._trouble[component] = now
            component.kill()  # what is left of it
            self.start(component)
        return found + self._replaced(now)

    def _replaced(self, now: float) -> list[Component]:
        """Once for each process."""
        if now - self._looked < LOOK_SECONDS:
            return []
        self._looked = now
        found = []
        for component in self._components:
            for line in component.losses():
                logger.info("%s: %s", component.name, line)
                found.append(component)
        return found

    def _explanation(self, component: Component) -> str:
        """Empty when there is none."""
        began = self._began[component]
        began_not = component in self._beginning
        for other, at in self._trouble.items():
            was_away = other.kind in component.needs and at >= began
            if was_away and (began_not or component.kind is Kind.NODE):
                return f"{other.name} was away"
        if component.kind in (Kind.NODE, Kind.HEAD):
            if began_not:
                return "it could not begin in time"
            if self._trouble.get(component, 0.0) >= began:
                return "it had stood still"
        return ""
