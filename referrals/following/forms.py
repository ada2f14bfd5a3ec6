"""What is asked of somebody who gives a referral to a colleague, chases it or closes it."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from access.models import User
from referrals.following.actions import OUTCOMES


class GiveForm(forms.Form):
    """To whom."""

    to = forms.ModelChoiceField(
        User.objects.none(),
        error_messages={"required": "Choose a colleague", "invalid_choice": "Choose somebody who works here"},
    )

    def __init__(self, *args: Any, colleagues: QuerySet[User], **more: Any) -> None:
        super().__init__(*args, **more)
        to = self.fields["to"]
        assert isinstance(to, forms.ModelChoiceField)
        to.queryset = colleagues


class ChaseForm(forms.Form):
    """By when they said they would answer, and what was said."""

    answer_by = forms.DateField(
        error_messages={"required": "Enter the day by which they will answer", "invalid": "Enter a date"}
    )
    note = forms.CharField(max_length=300, required=False)


class CloseForm(forms.Form):
    """Why nothing more is awaited."""

    why = forms.ChoiceField(choices=list(OUTCOMES.items()), error_messages={"required": "Choose why it is closed"})
    note = forms.CharField(max_length=300, required=False)
