"""The practice's deadlines as a form: one number for each priority and stage."""

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.forms import BoundField
from django.utils import timezone

from access.models import User
from work.days import Limit
from work.moments import Numbers
from work.rules import ESCALATION, Rules

#: The longest that anything may take, in days of its kind.
MOST: Final = 400


class LimitsForm(forms.Form):
    """Numbers, who is second, and from when."""

    second = forms.ModelChoiceField(
        User.objects.none(), label="Second person", required=False, empty_label="A receptionist"
    )
    valid_from = forms.DateField(
        label="From",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Enter from when these deadlines hold", "invalid": "Enter a date"},
    )

    def __init__(self, *args: Any, rules: Rules, numbers: Numbers, colleagues: QuerySet[User], **more: Any) -> None:
        super().__init__(*args, **more)
        self.rules = rules
        second = self.fields["second"]
        assert isinstance(second, forms.ModelChoiceField)
        second.queryset = colleagues
        for priority, label in rules.priorities.items():
            for stage, what in {**rules.stages, **ESCALATION}.items():
                self.fields[f"{priority}_{stage}"] = forms.IntegerField(
                    min_value=0,
                    max_value=MOST,
                    label=f"{label}: {what}",
                    initial=rules.limit(numbers, priority, stage).number,
                    error_messages=_said(f"{label}, {what.lower()}"),
                )

    def clean_valid_from(self) -> Any:
        day = self.cleaned_data["valid_from"]
        if day < timezone.localdate():
            raise forms.ValidationError("Deadlines cannot begin in the past: choose today or later")
        return day

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for priority, label in self.rules.priorities.items():
            second, manager = data.get(f"{priority}_second"), data.get(f"{priority}_manager")
            if second is not None and manager is not None and manager < second:
                self.add_error(f"{priority}_manager", f"{label}: the manager cannot be told before the second person")
        return data

    @property
    def numbers(self) -> dict[str, dict[str, int]]:
        """What was entered, as it is kept."""
        stages = (*self.rules.stages, *ESCALATION)
        return {p: {s: self.cleaned_data[f"{p}_{s}"] for s in stages} for p in self.rules.priorities}

    @property
    def table(self) -> Iterator[tuple[str, list[tuple[BoundField, str]]]]:
        """Rows for the screen: what, and a field with its unit for each priority."""
        for stage, what in {**self.rules.stages, **ESCALATION}.items():
            yield what, [(self[f"{p}_{stage}"], _unit(self.rules.limits[p, stage])) for p in self.rules.priorities]


def _unit(limit: Limit) -> str:
    return "working days" if limit.working else "days"


def _said(what: str) -> dict[str, str]:
    text = f"{what}: enter a whole number of days from 0 to {MOST}"
    return dict.fromkeys(("required", "invalid", "min_value", "max_value"), text)
