"""What a practice may correct of a service, and the file it takes services in from."""

from typing import Any, Final

from django import forms

from exchange.models import Service

OLDEST: Final = 130
LONGEST_WAIT: Final = 520
LARGEST_FILE: Final = 5 * 1024 * 1024


def _whole(label: str, what: str, most: int) -> forms.IntegerField:
    told = {"invalid": f"{what} must be a whole number", "min_value": f"{what} must be 0 or more"}
    errors = told | {"max_value": f"{what} must be {most} or less"}
    return forms.IntegerField(label=label, required=False, min_value=0, max_value=most, error_messages=errors)


class ServiceDetails(forms.Form):
    """One service of the directory, as the practice knows it. Field names are columns of Service."""

    name = forms.CharField(label="Name", max_length=120, error_messages={"required": "Enter the name of the service"})
    also_known_as = forms.CharField(label="Other words people look for it by", max_length=200, required=False)
    specialty = forms.CharField(label="Specialty", max_length=120, required=False)
    phone = forms.CharField(label="Telephone", max_length=30, required=False)
    place = forms.CharField(label="Where patients are seen", max_length=300, required=False)
    waiting_weeks = _whole("Weeks patients wait for a routine appointment", "The wait", LONGEST_WAIT)
    waiting_said_on = forms.DateField(
        label="Date you were told", required=False, error_messages={"invalid": "Enter a real date"}
    )
    from_age = _whole("Youngest age it takes", "The youngest age", OLDEST)
    to_age = _whole("Oldest age it takes", "The oldest age", OLDEST)
    sex = forms.ChoiceField(label="Whom it takes", choices=[("", "Everybody"), *Service.Sex.choices], required=False)
    accepts_urgent = forms.BooleanField(label="Urgent referrals", required=False)
    accepts_suspected_cancer = forms.BooleanField(label="Urgent suspected cancer referrals", required=False)
    active = forms.BooleanField(label="Offered for referral", required=False)

    def __init__(self, data: Any = None, *, service: Service) -> None:
        super().__init__(data, initial={name: getattr(service, name) for name in self.base_fields})

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        low, high = said.get("from_age"), said.get("to_age")
        if low is not None and high is not None and low > high:
            self.add_error("to_age", "The oldest age must not be below the youngest")
        if said.get("waiting_weeks") is not None and "waiting_said_on" in said and not said["waiting_said_on"]:
            self.add_error("waiting_said_on", "Enter the date on which you were told how long patients wait")
        return said


class ServicesFile(forms.Form):
    """A FHIR Bundle of services."""

    file = forms.FileField(
        label="File of services (FHIR Bundle, JSON)",
        error_messages={"required": "Choose a file", "empty": "The file is empty: choose another"},
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError("The file must be smaller than 5 MB")
        return file
