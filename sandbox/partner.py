"""What makes one pretend partner different from another: names, services, use cases and how it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.bars.check import Accepts

SOFTWARE = "gpportal sandbox"
SOFTWARE_VERSION = "1.0.0"


@dataclass(frozen=True, slots=True)
class LetterWords:
    """What the letter of one service says; `{reason}` stands for the reason given in the referral."""

    diagnoses: tuple[str, ...]
    summary: tuple[str, ...]
    medicines: tuple[str, ...]
    actions: tuple[str, ...]
    told: tuple[str, ...]
    #: What the letter is: SNOMED code, its display, and what people call it.
    kind: tuple[str, str, str] = ("373942005", "Discharge summary", "discharge letter")
    #: Over the five parts above, in their order; None: the PRSB's for a discharge.
    headings: tuple[str, str, str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """A service that can be referred to (FHIR HealthcareService)."""

    id: str
    name: str
    place: str = ""
    starts: str = "10:20"
    minutes: int = 20
    clinician: tuple[str, str, str] = ("Dr", "Laura", "Fenn")
    letter: LetterWords | None = None
    #: What came of it, where the service tells that apart from its letter.
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One later answer and how long after the one before it is sent (seconds); `flag` is its command-line option."""

    kind: str
    flag: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Planned:
    """A later answer of one referral: `how` it is spoilt ("": not), and its seconds after the one before it."""

    kind: str
    how: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Partner:
    """A pretend organisation: ODS code, what it offers and takes, and the answers it gives."""

    ods: str
    name: str
    phone: str
    services: Mapping[str, Offered]
    use_cases: frozenset[tuple[str, str]]
    versions: frozenset[str]
    version: str
    steps: tuple[Step, ...]
    reasons_to_reject: str
    pharmacy: bool = False
    #: The use case (system, code, display) in which it refers to the practice itself; "" three times: it does not.
    asks: tuple[str, str, str] = ("", "", "")
    #: Whether its records can be read over FHIR.
    lets_read: bool = False
    address: tuple[str, ...] = field(default=())

    def plan(self, kinds: Sequence[str] | None, each: Sequence[str]) -> list[Planned]:
        """The later answers: these kinds, or the usual ones, each once for every way in `each`.

        One that this partner does not usually send takes the time of its first.
        """
        usual = {step.kind: step.seconds for step in self.steps}
        first = self.steps[0].seconds if self.steps else 0.0
        planned = []
        for kind in kinds or usual:
            planned += [Planned(kind, how, 0.0 if n else usual.get(kind, first)) for n, how in enumerate(each)]
        return planned

    def accepts(self) -> Accepts:
        """The part that the message checks need."""
        return Accepts(
            services=frozenset(self.services),
            versions=self.versions,
            use_cases=self.use_cases,
            pharmacy=self.pharmacy,
        )
