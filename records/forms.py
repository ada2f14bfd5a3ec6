"""What a person writes when they decide who a patient is."""

from typing import Any, Final

from django import forms

from records.models import Patient

_REASON: Final = {
    "required": "Enter how you know, for whoever reads this later",
    "max_length": "The reason must be 300 characters or fewer",
}


class ReasonForm(forms.Form):
    """Why somebody decides so."""

    reason = forms.CharField(
        label="How do you know?",
        help_text="For the audit: whom you asked, what you looked at. No clinical detail.",
        max_length=300,
        initial="",
        error_messages=_REASON,
    )


class JoinForm(ReasonForm):
    """Which record leads, and why the two are one person, or not."""

    act = forms.ChoiceField(choices=[("join", "join"), ("not-same", "not-same")], widget=forms.HiddenInput)

    def __init__(self, *args: Any, offered: list[tuple[str, str]], **more: Any) -> None:
        """`offered`: (patient id, words) of those who may be kept, the one to be preferred first."""
        super().__init__(*args, **more)
        self.fields["kept"] = forms.ChoiceField(
            choices=offered,
            initial=offered[0][0],
            label="Which record leads?",
            help_text="Its name and address are shown; the other's are used where it says nothing.",
            required=False,
            error_messages={"invalid_choice": "Choose one of the two records"},
        )
        self.order_fields(["kept", "reason", "act"])

    def clean_kept(self) -> str:
        return str(self.cleaned_data["kept"] or self.fields["kept"].initial)

    def kept_of(self, patient: Patient, other: Patient) -> Patient:
        """The one chosen."""
        return other if self.cleaned_data["kept"] == str(other.pk) else patient
