"""Writing a referral."""

from typing import Any

from django import forms

from exchange.models import Service
from referrals.models import Referral

Priority = Referral.Priority


class ReferralForm(forms.Form):
    """Priority, reason and clinical summary for a service chosen before. Sending needs more than a draft does."""

    reason = forms.CharField(
        label="Reason for referral",
        help_text="The question you want answered, or what you would like the service to do.",
        max_length=1000,
        required=False,
        error_messages={"max_length": "The reason must be 1,000 characters or fewer: put detail in the summary"},
    )
    clinical_summary = forms.CharField(
        label="Clinical summary",
        max_length=20_000,
        required=False,
        error_messages={"max_length": "The clinical summary must be 20,000 characters or fewer"},
    )
    version = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)
    #: The id that a new referral will have: the same form sent twice writes one.
    referral_id = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, service: Service, sending: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        self.service, self.sending = service, sending
        offered = [(value, label) for value, label in Priority.choices if value in taken(service)]
        self.fields["priority"] = forms.ChoiceField(
            choices=offered,
            label="Priority",
            error_messages={
                "required": "Choose a priority",
                "invalid_choice": f"{service.name} does not take this priority: choose another",
            },
        )
        self.order_fields(["priority", "reason", "clinical_summary"])

    def clean_reason(self) -> str:
        reason = str(self.cleaned_data["reason"]).strip()
        if self.sending and not reason:
            raise forms.ValidationError("Enter the reason for referral")
        return reason


class WithdrawForm(forms.Form):
    """Why a referral that was sent is taken back; the receiver reads it."""

    reason = forms.CharField(
        label="Why is it withdrawn?",
        max_length=500,
        error_messages={
            "required": "Enter why it is withdrawn",
            "max_length": "The reason must be 500 characters or fewer",
        },
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


def taken(service: Service) -> set[str]:
    """The priorities a service takes."""
    urgent = {Priority.URGENT} if service.accepts_urgent else set()
    cancer = {Priority.SUSPECTED_CANCER} if service.accepts_suspected_cancer else set()
    return {str(priority) for priority in {Priority.ROUTINE} | urgent | cancer}
