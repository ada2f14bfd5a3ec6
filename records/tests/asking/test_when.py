"""When partners are asked, and by how many at once."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from exchange import doorbell
from exchange.errors import OurFault
from exchange.models import Partner
from exchange.tests.reader import Server
from records.models import Patient, SourceCheck
from records.pulling import actions, schedule
from records.tests.asking.hospital import State, ask

pytestmark = pytest.mark.django_db(transaction=True)


# Once, and by one -----------------------------------------------------------------------------------------------------
def test_two_who_open_a_record_ask_once(jane: Patient, hospital: Partner, server: Server, rung: list[str]) -> None:
    schedule.wish(jane)
    schedule.wish(jane)
    assert len(set(rung)) == 1
    ended = sorted([actions.ask(check_id=rung[0]), actions.ask(check_id=rung[-1])])
    assert ended == ["heard", "not-claimed"]
    assert len([path for path in server.paths() if "identifier" in path]) == 1
    schedule.wish(jane)
    assert SourceCheck.objects.get().due_at is None, "it was asked a moment ago"


def test_two_workers_at_the_same_moment_ask_once(check: SourceCheck, server: Server) -> None:
    inside, ended = threading.Barrier(2, timeout=20), []

    def work() -> None:
        inside.wait()
        ended.append(actions.ask(check_id=check.pk))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(timeout=20)
    assert sorted(ended) == ["heard", "not-claimed"]


def test_a_worker_that_dies_is_followed_when_its_lease_has_run_out(
    check: SourceCheck, server: Server, rung: list[str]
) -> None:
    claimed = schedule.claim(check.pk)  # and then nothing more is heard of it
    assert claimed is not None
    assert (schedule.sweep(), actions.ask(check_id=check.pk)) == (0, "not-claimed")
    SourceCheck.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))
    assert schedule.sweep() == 1
    assert actions.ask(check_id=rung[-1]) == "heard"
    heard = actions.fail(check=claimed, error=OurFault("late"), by=actions.BY)
    check.refresh_from_db()
    assert (heard, check.state) == ("overtaken", State.HEARD)


def test_few_are_asked_of_one_partner_at_once(
    check: SourceCheck, hospital: Partner, make_patient: Callable[..., Patient]
) -> None:
    Partner.objects.update(max_in_flight=1)
    other = SourceCheck.objects.create(
        patient=make_patient(nhs_number="9990000026"), source=check.source, due_at=timezone.now()
    )
    assert schedule.claim(check.pk) is not None
    assert schedule.claim(other.pk) is None


def test_a_partner_that_is_switched_off_is_not_asked(check: SourceCheck, server: Server) -> None:
    Partner.objects.update(pulls=False)
    assert ask(check) == "not-claimed"
    assert (server.asked, check.due_at) == ([], None)


# When -----------------------------------------------------------------------------------------------------------------
def test_opening_a_record_asks_and_its_region_follows(
    jane: Patient, hospital: Partner, gp: Person, rung: list[str], server: Server
) -> None:
    page = gp.client.get(f"/patients/{jane.pk}/").content.decode()
    assert len(rung) == 1
    assert "asking now" in page
    seen = page.split("panel/freshness/?seen=")[1].split('"')[0]
    url = f"/patients/{jane.pk}/panel/freshness/"
    assert gp.client.get(url, {"seen": seen}).status_code == 204
    actions.ask(check_id=rung[0])
    answer = gp.client.get(url, {"seen": seen})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (286, "record-changed")
    assert "hx-get" not in answer.content.decode()
    assert "Potassium" in gp.client.get(f"/patients/{jane.pk}/panel/results/").content.decode()


def test_an_answer_without_news_does_not_redraw_the_panels(check: SourceCheck, gp: Person, rung: list[str]) -> None:
    ask(check)
    SourceCheck.objects.update(asked_at=timezone.now() - dt.timedelta(hours=1))
    page = gp.client.get(f"/patients/{check.patient_id}/").content.decode()
    seen = page.split("panel/freshness/?seen=")[1].split('"')[0]
    actions.ask(check_id=rung[-1])
    answer = gp.client.get(f"/patients/{check.patient_id}/panel/freshness/", {"seen": seen})
    assert answer.status_code == 286
    assert "HX-Trigger" not in answer.headers


def test_no_page_waits_for_a_broker_that_did_not_answer_the_page_before(
    jane: Patient, hospital: Partner, pharmacy: Organisation, gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Partner.objects.create(organisation=pharmacy, endpoint=hospital.endpoint, token_url="", jwks_url="", pulls=True)
    tried: list[str] = []

    def ring(task: object, check_id: object) -> bool:
        tried.append(str(check_id))
        return False

    monkeypatch.setattr(doorbell, "ring", ring)
    monkeypatch.setattr(schedule, "_silent_until", 0.0)
    assert gp.client.get(f"/patients/{jane.pk}/").status_code == 200
    assert (len(tried), SourceCheck.objects.filter(due_at__isnull=False).count()) == (1, 2)
    SourceCheck.objects.all().delete()
    gp.client.get(f"/patients/{jane.pk}/")
    assert (len(tried), SourceCheck.objects.count()) == (1, 2), "the sweep will find them"


def test_reception_asks_nobody(jane: Patient, hospital: Partner, receptionist: Person, rung: list[str]) -> None:
    assert receptionist.client.get(f"/patients/{jane.pk}/").status_code == 200
    assert receptionist.client.get(f"/patients/{jane.pk}/panel/freshness/").status_code == 403
    assert (rung, SourceCheck.objects.exists()) == ([], False)
