"""Answering a received request."""

from typing import Any

from django import forms

from referrals.received.models import ReceivedRequest

Kind = ReceivedRequest.Kind
_LABELS: dict[tuple[str, str], tuple[str, str]] = {
    ("referral", "complete"): ("What came of it?", "They read this as you write it."),
    ("referral", "reject"): ("Why is it rejected?", "Say what is missing or where it should go. They read it."),
    ("validation", "interim"): ("What do you do next?", "For example: we ring the patient within the hour."),
    ("validation", "complete"): ("What is your conclusion?", "They read this as you write it."),
    ("validation", "reject"): ("Why is it rejected?", "They read it."),
    ("booking", "complete"): ("Anything they should know?", ""),
    ("booking", "reject"): ("Why can it not be kept?", "They tell the patient."),
}
_OPTIONAL = {("validation", "interim"), ("booking", "complete")}


class AnswerForm(forms.Form):
    """What is written with an answer. Accepting needs nothing but the version."""

    text = forms.CharField(max_length=4000, required=False)
    #: Of a validation that is complete: whether the sender has to act.
    further = forms.ChoiceField(
        label="Do they have to act on this case?",
        choices=[("no", "No, nothing more is needed from them"), ("yes", "Yes, they have to act")],
        required=False,
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, request: ReceivedRequest, act: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.asked, self.act = request, act
        key = (str(request.kind), act)
        self.takes_text = key in _LABELS
        self.needs_text = self.takes_text and key not in _OPTIONAL
        if self.takes_text:
            self.fields["text"].label, self.fields["text"].help_text = _LABELS[key]
        else:
            del self.fields["text"]
        self.asks_further = key == ("validation", "complete")
        if not self.asks_further:
            del self.fields["further"]

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).strip()
        if self.needs_text and not text:
            wanted = "Enter why" if self.act == "reject" else "Enter what came of it"
            raise forms.ValidationError(wanted)
        return text

    def clean_further(self) -> str:
        chosen = str(self.cleaned_data["further"])
        if not chosen:
            raise forms.ValidationError("Say whether they have to act")
        return chosen
