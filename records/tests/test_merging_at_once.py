"""Two that join at once, and an import that comes in while two are joined: the second waits and sees the first."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from access.actor import partner, system
from access.models import Organisation
from records.ingest.reading import Entry
from records.ingest.storing import Intake, store_within
from records.models import Merge, Patient
from records.people.actions import NotAllowedNow, merge
from records.tests import letters

pytestmark = pytest.mark.django_db(transaction=True)
BY = system("test")


def at_once(act: Callable[[], object], meanwhile: Callable[[], object]) -> list[NotAllowedNow]:
    """Runs `act`, and `meanwhile` in another transaction that must wait for it; gives what that raised."""
    raised: list[NotAllowedNow] = []
    began = threading.Event()

    def other() -> None:
        try:
            with transaction.atomic():
                began.set()
                meanwhile()
        except NotAllowedNow as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        act()
        thread.start()
        assert began.wait(10)
        thread.join(0.5)
        assert thread.is_alive(), "it waits for its turn"
    thread.join(20)
    assert not thread.is_alive()
    return raised


def test_two_that_join_the_same_pair_at_once_join_it_once(make_patient: Callable[..., Patient]) -> None:
    one, other = make_patient(), make_patient(nhs_number="", nhs_number_status="absent")

    def there() -> object:
        return merge(kept=one, other=other, reason="Rang her", by=BY)

    def back() -> object:
        return merge(kept=other, other=one, reason="Rang her", by=BY)

    raised = at_once(there, back)
    assert [type(error) for error in raised] == [NotAllowedNow]
    merged = Merge.objects.get()
    assert (merged.kept, merged.other) == (one, other)
    assert set(Patient.objects.values_list("pk", "merged_into")) == {(one.pk, None), (other.pk, one.pk)}


def test_an_import_waits_and_then_speaks_of_the_joined(riverside: Organisation, infirmary: Organisation) -> None:
    def say(source: Organisation, **fields: object) -> None:
        intake = Intake(source, partner(source), practice=riverside if source == riverside else None)
        store_within(intake, [Entry(1, letters.patient(**fields))])
        intake.pending.close()

    with transaction.atomic():
        say(riverside, id="p-1", name=[{"family": "Jones"}])
        say(infirmary, id="h-1")
    kept, other = Patient.objects.get(links__source=riverside), Patient.objects.get(links__source=infirmary)
    again = {"id": "h-1", "telecom": [{"system": "phone", "value": "01632 960148"}]}
    raised = at_once(lambda: merge(kept=kept, other=other, reason="Rang her", by=BY), lambda: say(infirmary, **again))
    assert raised == []
    other.refresh_from_db()
    assert (other.merged_into, other.phone) == (kept, "01632 960148")
