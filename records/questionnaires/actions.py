"""What is done to a practice's forms. Each act is one transaction with its audit row."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from records.models import Form, FormStart, FormVersion
from records.questionnaires import reading
from records.questionnaires.kept import starts
from records.questionnaires.starting import State, in_use, state

LARGEST: Final = 1024 * 1024
FURTHEST_DAYS: Final = 366


class NotPossible(Exception):
    """The act does not fit the form. Its text is for the person who tried."""


@transaction.atomic
def take_in(*, text: str, name: str, service_id: str, by: Actor) -> FormVersion:
    """A new form with its first version, a draft. Raises Unusable with every fault, NotPossible if the name is used."""
    read = reading.read_text(text)
    assert by.organisation_id is not None
    form, made = Form.objects.get_or_create(
        organisation_id=by.organisation_id, name=name or read.title[:120], defaults={"service_id": service_id}
    )
    if not made:
        raise NotPossible(f"There is a form called {form.name}: add this to it as its next version, or name it apart.")
    return _add(form, text, read, by)


@transaction.atomic
def take_in_next(*, form: Form, text: str, by: Actor) -> FormVersion:
    """The next version of a form, a draft: nothing changes until it is put to use. Raises Unusable, NotPossible."""
    read = reading.read_text(text)
    held = _held(form, by)
    if held.versions.filter(source=text).exists():
        raise NotPossible("This version is here already.")
    return _add(held, text, read, by)


@transaction.atomic
def start(*, version: FormVersion, day: dt.date, by: Actor) -> FormStart:
    """Use a version from a day on, today or later. Raises NotPossible."""
    return _start(version, day, by, f"put a form to use from {day:%-d %b %Y}")


@transaction.atomic
def roll_back(*, version: FormVersion, by: Actor) -> FormStart:
    """Use a version again that another has replaced, from today on. Raises NotPossible."""
    held, today = _held(version.form, by), timezone.localdate()
    if state(version.number, starts(held), today) is not State.WITHDRAWN:
        raise NotPossible("Only a version that was in use can be used again.")
    return _start(version, today, by, "rolled a form back")


@transaction.atomic
def export(*, version: FormVersion, by: Actor) -> str:
    """The Questionnaire as it was received, for another practice."""
    audit.record(by=by, action="exported form", of=version)
    return version.source


def _start(version: FormVersion, day: dt.date, by: Actor, action: str) -> FormStart:
    held, today = _held(version.form, by), timezone.localdate()
    if not today <= day <= today + dt.timedelta(days=FURTHEST_DAYS):
        raise NotPossible("Choose a day from today on, within a year.")
    if in_use(starts(held), day) == version.number:
        raise NotPossible("This version is in use on that day already.")
    made = FormStart.objects.create(form=held, version=version, day=day, by=by.name)
    audit.record(by=by, action=action, of=version)
    return made


def _held(form: Form, by: Actor) -> Form:
    """The form, locked: versions are numbered and starts are said one after the other."""
    return Form.objects.select_for_update().get(pk=form.pk, organisation=by.organisation_id)


def _add(form: Form, text: str, read: reading.Form, by: Actor) -> FormVersion:
    last = form.versions.order_by("-number").values_list("number", flat=True).first()
    version = FormVersion.objects.create(
        form=form,
        number=(last or 0) + 1,
        source=text,
        title=read.title[:200],
        unsupported=list(read.unsupported),
        by=by.name,
    )
    audit.record(by=by, action="took in form", of=version)
    return version
