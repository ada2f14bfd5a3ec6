"""Two patients found to be one person, and found not to be: reach, columns and everything that reads them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.http import Http404

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.fhir.systems import System
from records import reach
from records.actions import relate, unrelate
from records.models import DuplicateSuggestion, Finding, Letter, Merge, MergeNotice, Patient, Relationship, Resource
from records.people import find
from records.people.actions import NotAllowedNow, merge, not_the_same, undo_merge
from records.tests import saying, taking

pytestmark = pytest.mark.django_db
Take = Callable[..., Patient]
Kind = Relationship.Kind


@pytest.fixture
def take(tmp_path: Path, riverside: Organisation) -> Take:
    """One source tells of somebody, with a condition, and gives the person."""
    numbers = iter(range(1000))

    def taken(source: Organisation, *, registered: bool = True, **said: Any) -> Patient:
        key = f"p{next(numbers)}"
        entries = (taking.patient(key, **said), taking.condition(f"c-{key}", f"Patient/{key}"))
        practice = source if registered and source.kind == Organisation.Kind.PRACTICE else None
        taking.take(taking.write(tmp_path / f"{source.ods_code}-{key}.ndjson", *entries), source, practice)
        return Patient.objects.get(links__source_key=key)

    return taken


def join(kept: Patient, other: Patient, by: Person, **more: Any) -> Merge:
    return merge(kept=kept, other=other, reason="Rang her", by=by.actor, **more)


def tables() -> dict[str, str]:
    """Everything stored but for merges, their audit, decisions, and when rows were last touched."""
    found = {}
    for model in (Patient, Relationship, Resource, Letter, Finding):
        rows = json.loads(serializers.serialize("json", model.objects.order_by("pk")))
        for row in rows:
            for column in ("updated_at", "parted_at"):
                row["fields"].pop(column, None)
        found[model.__name__] = json.dumps(rows, indent=1)
    return found


def test_the_joined_are_read_as_one_and_parted_exactly(
    take: Take, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept = take(riverside, number="")
    other = take(infirmary, family="Jones", telecom=[{"system": "phone", "value": "01632 960148"}])
    before = tables()
    joined = join(kept, other, gp)
    kept.refresh_from_db()
    assert (kept.nhs_number, kept.family, kept.phone) == (taking.NUMBER, "Smith", "01632 960148")
    assert reach.resources(gp.actor, kept).filter(type="Condition").count() == 2
    assert reach.patient_or_404(gp.actor, other.pk) == kept
    assert [one.patient for one in find.patients(gp.actor, "jones")] == [kept]
    assert [one.patient for one in find.patients(gp.actor, taking.NUMBER)] == [kept]
    assert set(AuditEvent.objects.filter(action="joined records").values_list("patient_id", flat=True)) == {
        kept.pk,
        other.pk,
    }
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    assert tables() == before
    with pytest.raises(Http404):
        reach.patient_or_404(gp.actor, other.pk)
    assert find.patients(gp.actor, "jones") == []


def test_who_reached_one_reaches_both_until_they_are_parted(
    take: Take, riverside: Organisation, infirmary: Organisation, cityview: Organisation, gp: Person,
    social_worker: Person,
) -> None:  # fmt: skip
    kept, other = take(riverside, number=""), take(infirmary)
    saying.relate(other, cityview, Kind.CASELOAD)
    before = tables()
    joined = join(kept, other, gp)
    assert joined.facts["reach"] == ["Cityview Adult Social Care: on their caseload"]
    assert list(reach.patients(social_worker.actor)) == [kept]
    assert reach.resources(social_worker.actor, kept).filter(type="Condition").count() == 2
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    assert list(reach.patients(social_worker.actor)) == [other]
    assert not reach.resources(social_worker.actor, Patient.objects.get(pk=kept.pk)).exists()
    assert tables() == before


def test_reach_given_and_ended_while_joined(
    take: Take, riverside: Organisation, infirmary: Organisation, cityview: Organisation, gp: Person,
    social_worker: Person,
) -> None:  # fmt: skip
    kept, other = take(riverside, number=""), take(infirmary)
    join(kept, other, gp)
    relate(patient=other, organisation=cityview, kind=Kind.CASELOAD, why="a package of care", by=gp.actor)
    assert list(reach.patients(social_worker.actor)) == [kept]
    unrelate(patient=kept, organisation=cityview, kind=Kind.CASELOAD, why="ended", by=gp.actor)
    assert not reach.patients(social_worker.actor).exists()
    assert not Relationship.objects.filter(organisation=cityview, until__isnull=True).exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_chains_are_parted_in_any_order(
    order: tuple[int, int], take: Take, riverside: Organisation, infirmary: Organisation, cityview: Organisation,
    gp: Person, social_worker: Person,
) -> None:  # fmt: skip
    a, b, c = take(riverside, number=""), take(infirmary), take(cityview, number="", family="Jones")
    saying.relate(c, cityview, Kind.CASELOAD)
    saying.relate(b, riverside, Kind.REGISTERED)
    before = tables()
    merges = [join(b, c, gp), join(a, b, gp)]
    assert reach.patient_or_404(gp.actor, c.pk) == a
    assert reach.resources(gp.actor, a).filter(type="Condition").count() == 3
    assert list(reach.patients(social_worker.actor)) == [a]
    first, second = (merges[index] for index in order)
    undo_merge(merge=first, reason="Two people", by=gp.actor)
    reached = list(reach.patients(social_worker.actor))
    assert reached == ([c] if order[0] == 0 else [b])
    undo_merge(merge=second, reason="Two people", by=gp.actor)
    assert tables() == before


def test_what_cannot_be_joined_is_refused_and_nothing_happens(
    take: Take, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = take(riverside), take(infirmary, number=taking.OTHER_NUMBER)
    Patient.objects.update(nhs_number_status=Patient.NhsNumber.VERIFIED)
    before = tables()
    with pytest.raises(NotAllowedNow, match="two people"):
        join(kept, other, gp)
    with pytest.raises(NotAllowedNow, match="joined already"):
        join(kept, kept, gp)
    assert tables() == before
    assert not AuditEvent.objects.filter(action="joined records").exists()
    joined = join(kept, other, gp, superseded=True)
    with pytest.raises(NotAllowedNow, match="joined already"):
        join(other, kept, gp)
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    with pytest.raises(NotAllowedNow, match="undone already"):
        undo_merge(merge=joined, reason="Again", by=gp.actor)


def test_half_a_merge_does_not_exist(
    take: Take, riverside: Organisation, infirmary: Organisation, gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, other = take(riverside, number=""), take(infirmary)
    before = tables()

    def broken(**_: object) -> None:
        raise RuntimeError("no audit")

    monkeypatch.setattr("access.audit.record", broken)
    with pytest.raises(RuntimeError, match="no audit"):
        join(kept, other, gp)
    assert tables() == before
    assert not Merge.objects.exists()


def test_a_restriction_of_one_holds_for_both_and_goes_with_it(
    take: Take, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    home = [{"line": ["1 Mill Lane"], "city": "Northtown", "postalCode": "NT1 2AB"}]
    kept = take(riverside, number="", address=home)
    label = {"security": [{"system": str(System.CONFIDENTIALITY), "code": "R"}]}
    other = take(infirmary, meta=label)
    before = tables()
    joined = join(kept, other, gp)
    kept.refresh_from_db()
    assert (kept.restricted, kept.address, kept.postcode) == (True, "", "")
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    assert tables() == before


def test_what_comes_in_meanwhile_stays_with_whom_its_source_meant(
    take: Take, tmp_path: Path, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = take(riverside, number=""), take(infirmary)
    joined = join(kept, other, gp)
    key = other.links.get().source_key
    later = taking.write(tmp_path / "later.ndjson", taking.condition("later", f"Patient/{key}"))
    taking.take(later, infirmary)
    assert reach.resources(gp.actor, kept).filter(source_key="later").exists()
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    assert Resource.objects.get(source_key="later").patient == other
    apart = Patient.objects.get(pk=kept.pk)  # what is read under which ids is kept for one request
    assert not reach.resources(gp.actor, apart).filter(source_key="later").exists()


def test_a_third_source_finds_the_joined_by_either_number(
    take: Take, riverside: Organisation, infirmary: Organisation, cityview: Organisation, gp: Person
) -> None:
    """And a source that already speaks of one of the joined is not matched again: it may mean another person."""
    kept, other = take(riverside, number=taking.OTHER_NUMBER), take(infirmary)
    join(kept, other, gp)
    assert take(cityview) == kept
    assert take(infirmary, registered=False) not in (kept, other)


def test_the_practice_that_speaks_again_does_not_undo_what_was_filled_in(
    take: Take, tmp_path: Path, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = take(riverside, number=""), take(infirmary)
    join(kept, other, gp)
    again = taking.patient(kept.links.get().source_key, number="", gender="female")
    taking.take(taking.write(tmp_path / "again.ndjson", again), riverside)
    kept.refresh_from_db()
    assert (kept.gender, kept.nhs_number) == ("female", taking.NUMBER)


def test_findings_and_suggestions_of_the_pair_are_settled_and_come_back(
    take: Take, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = take(riverside), take(infirmary, born="1970-01-05")
    assert reach.findings(gp.actor).count() == 0  # the infirmary's is nobody's here
    finding = Finding.objects.get(kind=Finding.Kind.SAME_NUMBER)
    joined = join(kept, other, gp)
    finding.refresh_from_db()
    suggestion = DuplicateSuggestion.objects.get()
    assert finding.settled_by == "Dr A Khan"
    assert suggestion.state == DuplicateSuggestion.State.JOINED
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    finding.refresh_from_db()
    suggestion.refresh_from_db()
    assert finding.settled_at is None
    assert suggestion.state == DuplicateSuggestion.State.NOT_SAME


def test_not_the_same_is_remembered(
    take: Take, tmp_path: Path, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = take(riverside), take(infirmary, born="1970-01-05")
    not_the_same(one=kept, other=other, reason="Mother and daughter", by=gp.actor)
    again = taking.patient(other.links.get().source_key, born="1970-01-05", gender="female")
    taking.take(taking.write(tmp_path / "again.ndjson", again), infirmary)
    assert DuplicateSuggestion.objects.get().state == DuplicateSuggestion.State.NOT_SAME
    assert kept.merged_into_id is None
    join(kept, other, gp)
    with pytest.raises(NotAllowedNow, match="meanwhile"):
        not_the_same(one=kept, other=other, reason="Again", by=gp.actor)


def test_sources_that_disagree_are_noted_on_the_kept(
    take: Take, riverside: Organisation, infirmary: Organisation, gp: Person
) -> None:
    kept, other = take(riverside), take(infirmary, born="1970-01-05")
    joined = join(kept, other, gp)
    kept.refresh_from_db()
    assert kept.disagrees == ["date of birth"]
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    kept.refresh_from_db()
    assert kept.disagrees == []


def test_who_opened_it_meanwhile_is_listed_and_will_be_told(
    take: Take, riverside: Organisation, infirmary: Organisation, gp: Person, nurse: Person, receptionist: Person
) -> None:
    kept, other = take(riverside, number=""), take(infirmary)
    assert gp.client.get(f"/patients/{kept.pk}/").status_code == 200
    joined = join(kept, other, gp)
    assert nurse.client.get(f"/patients/{other.pk}/", follow=True).status_code == 200
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    assert receptionist.client.get(f"/patients/{kept.pk}/").status_code == 200
    assert list(MergeNotice.objects.values_list("user__name", flat=True)) == ["Bev Hughes"]
