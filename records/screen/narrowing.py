"""What a reader narrows the timeline to: kind, who says it, and when. A plain GET form: links can say the same."""

import datetime as dt
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from records.kinds import RESULTS
from records.people.asked import Span, take_apart
from records.screen.held import EVENTS, Held

_ASKED: Final = ("request", "task")
_AGREED: Final = ("form", "message", "consent")
_NAMED: Final = (
    *(*EVENTS, *RESULTS, "appointment", "medicine", "problem", "allergy", "flag"),
    *("careteam", "goal", "contact", "family-history", *_ASKED, *_AGREED),
)
#: Name in the address -> words on the page, and what it lets through.
TABS: Final[dict[str, tuple[str, Q]]] = {
    "": ("Everything", ~Q(kind="administrative") & ~Q(type="Binary")),
    "events": ("Main events", Q(kind__in=EVENTS)),
    "consultations": ("Consultations", Q(kind="encounter", source__kind="practice")),
    "hospital": ("Hospital", Q(source__kind="hospital") & ~Q(kind="administrative") & ~Q(type="Binary")),
    "letters": ("Letters", Q(kind="letter")),
    "results": ("Results", Q(kind__in=(*RESULTS, "report"))),
    "medicines": ("Medicines", Q(kind__in=("medicine", "dispensed")) | Q(type__startswith="Medication")),
    "problems": ("Problems", Q(kind__in=("problem", "allergy", "flag", "family-history"))),
    "immunisations": ("Immunisations", Q(kind="immunisation")),
    "procedures": ("Procedures", Q(kind="procedure")),
    "appointments": ("Appointments", Q(kind="appointment")),
    "requests": ("Requests and tasks", Q(kind__in=_ASKED)),
    "forms": ("Forms, messages and consents", Q(kind__in=_AGREED)),
    "social-care": (
        "Social care",
        (Q(source__kind="social-care") | Q(kind__in=("careplan", "careteam", "goal", "contact")))
        & ~Q(kind="administrative")
        & ~Q(type="Binary"),
    ),
    "other": (
        "Other",
        ~Q(kind__in=(*_NAMED, "administrative")) & ~Q(type__startswith="Medication") & ~Q(type="Binary"),
    ),
}
PERIODS: Final = {
    "": "Any time",
    "3-months": "Last 3 months",
    "year": "Last year",
    "5-years": "Last 5 years",
    "dates": "Between two dates",
    "ahead": "In the future",
    "undated": "Without a date",
}
_DAYS: Final = {"3-months": 92, "year": 365, "5-years": 5 * 365 + 1}
_LONGEST: Final = 40
_UNREADABLE: Final = "{} must be a date, such as 3 May 2024, 3/5/24, May 2024 or 2024"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What to show: a kind, one source or all, a span of days in London, with or without what was taken back."""

    show: str = ""
    source: str = ""
    period: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    taken_back: bool = False

    @property
    def bounded(self) -> bool:
        return bool(self.since or self.until)

    def lets_through(self) -> Q:
        """Kind and source: what does not depend on when."""
        found = TABS[self.show][1]
        return found & Q(source_id=int(self.source)) if self.source else found

    def within(self) -> Q:
        """The days, ends included."""
        found = Q()
        if self.since:
            found &= Q(date__gte=_midnight(self.since))
        if self.until and self.until < dt.date.max:
            found &= Q(date__lt=_midnight(self.until + dt.timedelta(days=1)))
        return found


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))


class NarrowingForm(forms.Form):
    """The filters of the timeline. What is not offered counts as not asked; a date that is none is an error."""

    show = forms.ChoiceField(required=False, label="Show", choices=[(name, text) for name, (text, _) in TABS.items()])
    source = forms.ChoiceField(required=False, label="Said by")
    period = forms.ChoiceField(required=False, label="When", choices=list(PERIODS.items()))
    since = forms.CharField(required=False, label="From", max_length=_LONGEST)
    until = forms.CharField(required=False, label="To", max_length=_LONGEST)
    taken_back = forms.BooleanField(required=False, label="Also entries taken back")

    def __init__(self, held: Held, asked: QueryDict) -> None:
        said_by = [("", "Everybody"), *((str(h.source.id), h.source.name) for h in held.heard)]
        offered: dict[str, Container[str]] = {"source": dict(said_by), "show": TABS, "period": PERIODS}
        data = asked.copy()
        for name, known in offered.items():
            data[name] = data.get(name, "") if data.get(name, "") in known else ""
        if not data["period"] and (data.get("since") or data.get("until")):
            data["period"] = "dates"
        if data["period"] != "dates":
            data["since"] = data["until"] = ""
        super().__init__(data, auto_id="narrow-%s", use_required_attribute=False)
        self.fields["source"].choices = said_by  # type: ignore[attr-defined]

    def clean_since(self) -> dt.date | None:
        span = self._span("since", "From")
        return span[0] if span else None

    def clean_until(self) -> dt.date | None:
        span = self._span("until", "To")
        return span[1] if span else None

    def _span(self, name: str, label: str) -> Span | None:
        typed = str(self.cleaned_data[name]).strip()
        if not typed:
            return None
        asked = take_apart(typed, timezone.localdate())
        if not asked.born or asked.words or asked.nhs_number or asked.postcode:
            raise forms.ValidationError(_UNREADABLE.format(label))
        return asked.born[0]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("since") and said.get("until") and said["since"] > said["until"]:
            self.add_error("until", "To must not lie before From")
        return said

    @property
    def narrowed(self) -> Narrowed:
        """What was asked for, as far as it could be read."""
        self.full_clean()
        said = self.cleaned_data
        period = str(said.get("period") or "")
        days = _DAYS.get(period)
        return Narrowed(
            show=str(said.get("show") or ""),
            source=str(said.get("source") or ""),
            period=period,
            since=timezone.localdate() - dt.timedelta(days=days) if days else said.get("since"),
            until=said.get("until"),
            taken_back=bool(said.get("taken_back")),
        )

    def address(self, **changed: str) -> str:
        """The query of a link that asks for the same but for what is `changed`; "" when it asks for nothing."""
        names = ("show", "source", "period", "since", "until", "taken_back")
        said = {name: str(self.data.get(name) or "") for name in names} | changed
        return ("?" + urlencode({name: value for name, value in said.items() if value})) if any(said.values()) else "?"
