"""When it is the service that is ill, and not the one thing that was asked of it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Outage:
    """Failures on end. One may be that item's alone, as when a filter on the way takes offence at a text.

    Attributes:
        several: so many on end are an outage: no fewer than are under way at a time, since those fail together.
        of: how many there are in all; when all of them fail it is an outage as well. None where it is not.
    """

    several: int
    of: int | None = None
    _on_end: int = 0

    def is_answered(self) -> None:
        self._on_end = 0

    def begins(self) -> bool:
        """Count a failure; whether this one makes it an outage."""
        self._on_end += 1
        return self._on_end in {self.several, self.of}
