"""What a room above declares of the things it has clocks for: their stages, priorities and usual limits.

settings.CLOCKS names the declarations by dotted path; nothing here knows what a referral is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

from work.days import Limit

#: Limits that every kind of thing has: when to warn before a deadline, and whom to tell how long after it.
WARN, SECOND, MANAGER = "warn", "second", "manager"
ESCALATION: Final = {
    WARN: "Amber, before the deadline",
    SECOND: "To a second person, after it",
    MANAGER: "To the practice manager, after it",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """One kind of thing that somebody has to act on.

    `stages` and `priorities` are value -> label, in the order in which they are shown. `limits` holds the usual limit
    of every priority and stage, those of ESCALATION among them.
    """

    concerns: str
    title: str
    one: str
    many: str
    stages: Mapping[str, str]
    priorities: Mapping[str, str]
    limits: Mapping[tuple[str, str], Limit]

    @property
    def numbers(self) -> dict[str, dict[str, int]]:
        """The usual limits as they are stored and edited: priority -> stage -> number."""
        return {
            priority: {stage: self.limits[priority, stage].number for stage in (*self.stages, *ESCALATION)}
            for priority in self.priorities
        }

    def limit(self, numbers: Mapping[str, Mapping[str, int]], priority: str, stage: str) -> Limit:
        """The limit that `numbers` set; the usual one where they say nothing."""
        usual = self.limits[priority, stage]
        return Limit(numbers.get(priority, {}).get(stage, usual.number), usual.working)

    def counted(self, number: int) -> str:
        """ "1 referral", "12 referrals"."""
        return f"{number:,} {self.one if number == 1 else self.many}"


def every() -> list[Rules]:
    """All declarations."""
    return [import_string(path) for path in settings.CLOCKS]


def of(concerns: str) -> Rules:
    """The declaration of a kind. Raises KeyError for one that nobody declared."""
    return {rules.concerns: rules for rules in every()}[concerns]
