"""What became of what came in."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TextIO


@dataclass(frozen=True, slots=True)
class Rejection:
    """One entry that was not stored: where it stands, and why, without any of its values."""

    file: str
    entry: int
    full_url: str
    expression: str
    reason: str
    #: What else is wrong with it: (FHIRPath, reason).
    others: tuple[tuple[str, str], ...] = ()

    def line(self) -> str:
        """For the operator's screen. The fullUrl is left out: some sources put NHS numbers into it."""
        where = f"entry {self.entry}: " if self.entry else ""
        more = f" (and {len(self.others)} more)" if self.others else ""
        return f"{self.file}: {where}{self.expression}{' ' if self.expression else ''}{self.reason}{more}"

    def as_json(self) -> str:
        said: dict[str, Any] = {"file": self.file, "entry": self.entry, "fullUrl": self.full_url}
        said |= {"expression": self.expression, "reason": self.reason}
        others = [{"expression": expression, "reason": reason} for expression, reason in self.others]
        return json.dumps(said | ({"others": others} if others else {}), ensure_ascii=False)


@dataclass(slots=True)
class Report:
    """Counts of one ingest, and where its rejections go."""

    stored: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    findings: int = 0
    rejects: TextIO | None = None
    tell: Callable[[str], object] = lambda line: None
    started: float = field(default_factory=time.monotonic)

    def reject(self, *rejections: Rejection, entries: int = 1) -> None:
        """Counts `entries` entries as rejected for these reasons, and passes the reasons on."""
        self.rejected += entries
        for rejection in rejections:
            self.tell(rejection.line())
            if self.rejects:
                self.rejects.write(rejection.as_json() + "\n")

    def __str__(self) -> str:
        seconds = time.monotonic() - self.started
        total = self.stored + self.updated + self.unchanged + self.rejected
        rate = round(total / seconds) if seconds else 0
        return (
            f"stored {self.stored} updated {self.updated} unchanged {self.unchanged} rejected {self.rejected} "
            f"in {seconds:.1f} s ({rate} resources/s)"
        )
