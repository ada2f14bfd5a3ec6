"""Two that write at once: the second waits and then sees what the first said."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from access.actor import partner
from access.models import Organisation
from exchange.fhir.systems import System
from records.ingest.reading import Entry
from records.ingest.storing import Intake, store_within, take_turn
from records.models import Patient
from records.tests import letters


@pytest.mark.django_db(transaction=True)
def test_a_restriction_said_meanwhile_is_not_drawn_over(
    make_patient: Callable[..., Patient], riverside: Organisation, infirmary: Organisation
) -> None:
    def say(source: Organisation, **fields: object) -> None:
        intake = Intake(source, partner(source))
        store_within(intake, [Entry(1, letters.patient(id="p-1", **fields))])
        intake.pending.close()

    with transaction.atomic():
        say(riverside)
    waiting = threading.Event()

    def practice_says_again() -> None:
        try:
            with transaction.atomic():
                waiting.set()
                say(riverside, telecom=[{"system": "phone", "value": "01632 960148"}])
        finally:
            connection.close()

    other = threading.Thread(target=practice_says_again)
    with transaction.atomic():
        take_turn()
        other.start()
        assert waiting.wait(10)
        other.join(0.5)
        assert other.is_alive(), "it waits for its turn"
        label = {"security": [{"system": System.CONFIDENTIALITY, "code": "R"}]}
        say(infirmary, meta=label)
    other.join(10)
    assert not other.is_alive()
    known = Patient.objects.get(links__source=riverside)
    assert known.restricted
    assert known.phone == ""
