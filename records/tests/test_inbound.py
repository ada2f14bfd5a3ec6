"""Letters that come in: filed to the right patient or to nobody."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from access.actor import partner
from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.errors import NeedsReview, PayloadInvalid
from exchange.fhir import validate
from exchange.models import InboxMessage, Partner
from exchange.tests.arriving import came_in
from records import actions, inbound
from records.ingest.reading import Entry
from records.ingest.storing import Intake, store_within
from records.models import Letter, Patient, PatientLink, Relationship, Resource, ToEnter
from records.tests import letters

pytestmark = pytest.mark.django_db
MakePatient = Callable[..., Patient]


@pytest.fixture
def make_patient(make_patient: MakePatient) -> MakePatient:
    """Jane Smith, whose NHS number passes its check."""

    def make(**fields: Any) -> Patient:
        return make_patient(**({"nhs_number": letters.NHS_NUMBER} | fields))

    return make


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(actions, "happen", lambda name, **ids: found.append((name, ids)))
    return found


@pytest.fixture
def sender(infirmary: Organisation) -> Partner:
    return Partner.objects.create(
        organisation=infirmary, endpoint="http://x", token_url="http://x", jwks_url="http://x"
    )


@pytest.fixture
def arrive(sender: Partner, happened: list[Any]) -> Callable[[dict[str, Any]], InboxMessage]:
    """Stores a message as received and lets it be read."""

    def arrived(message: dict[str, Any]) -> InboxMessage:
        assert validate.check(message) == []
        inbound.precheck(message, sender)
        stored = came_in(sender, json.dumps(message), bundle_id=message["id"])
        inbound.handle(stored)
        return stored

    return arrived


def nothing_filed() -> bool:
    return not (Letter.objects.exists() or Resource.objects.exists() or PatientLink.objects.exists())


def test_a_letter_is_filed_to_its_patient(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage], happened: list[Any], infirmary: Organisation
) -> None:
    jane = make_patient()
    referral = str(uuid4())
    stored = arrive(letters.letter(answers=referral))
    filed = Letter.objects.get()
    assert filed.patient == jane
    assert filed.sender == infirmary
    assert (filed.title, filed.author) == ("Heart failure clinic: discharge letter", "Dr L Fenn")
    assert filed.gp_actions == "Check kidney function in two weeks"
    assert filed.written_at.isoformat() == "2026-11-20T09:30:00+00:00"
    assert filed.answers.endswith(f"referral|{referral}")
    assert filed.message_id == str(stored.pk)
    assert filed.document.type == "DocumentReference"
    assert PatientLink.objects.get().patient == jane
    assert happened == [
        ("letter_filed", {"letter_id": str(filed.pk), "inbox_id": str(stored.pk), "answers": filed.answers})
    ]
    event = AuditEvent.objects.get(action="filed a letter")
    assert (event.actor_kind, event.actor_id, event.patient_id) == ("partner", "RZZ01", jane.pk)


def test_what_the_record_has_something_of_is_kept(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage], sender: Partner
) -> None:
    make_patient()
    stored = arrive(letters.letter())
    assert inbound.needed([stored.pk, uuid4()]) == {stored.pk}


def test_its_text_is_kept_and_belongs_to_the_patient(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage]
) -> None:
    jane = make_patient()
    arrive(letters.letter())
    document, text = Letter.objects.get().document, Resource.objects.get(type="Binary")
    assert text.patient == jane
    assert json.loads(document.body)["content"][0]["attachment"]["url"] == f"Binary/{text.pk}"


def test_a_patient_the_sender_told_us_of_before_keeps_their_link(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage], infirmary: Organisation
) -> None:
    jane = make_patient()
    intake = Intake(infirmary, partner(infirmary))
    known = letters.patient(id="ni-patient-7", telecom=[{"system": "phone", "value": "01632 960777"}])
    store_within(intake, [Entry(1, known)])
    intake.pending.close()
    arrive(letters.letter())
    arrive(letters.letter())
    assert Letter.objects.filter(patient=jane).count() == 2
    assert Patient.objects.count() == 1
    link = PatientLink.objects.get()
    assert link.source_key == "ni-patient-7"
    subject = json.loads(Letter.objects.all()[0].document.body)["subject"]["reference"]
    assert subject == f"Patient/{link.resource_id}"


def test_the_same_letter_sent_again_changed_is_a_new_version(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage]
) -> None:
    make_patient()
    message = letters.letter()
    arrive(message)
    again = json.loads(json.dumps(message)) | {"id": str(uuid4())}
    again["entry"][1]["resource"]["description"] = "Heart failure clinic: corrected letter"
    arrive(again)
    filed = Letter.objects.get()
    assert filed.title == "Heart failure clinic: corrected letter"
    assert filed.document.version == 2


def test_case_and_accents_do_not_part_a_patient_from_a_letter(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage]
) -> None:
    make_patient(family="Brontë")
    arrive(letters.letter(letters.patient(name=[{"family": "BRONTE"}])))
    assert Letter.objects.count() == 1


UNSURE: dict[str, tuple[dict[str, Any], str]] = {
    "nobody has the number": ({"identifier": [{"system": letters.SYSTEM, "value": letters.ANOTHER}]}, "Nobody"),
    "no number": ({"identifier": [{"value": "7"}]}, "no NHS number"),
    "number fails": ({"identifier": [{"system": letters.SYSTEM, "value": letters.FAILING}]}, "check digit"),
    "other birth date": ({"birthDate": "1970-05-02"}, "name or date of birth"),
    "birth year only": ({"birthDate": "1970"}, "name or date of birth"),
    "other family name": ({"name": [{"family": "Jones"}]}, "name or date of birth"),
}


@pytest.mark.parametrize(("fields", "says"), UNSURE.values(), ids=UNSURE)
def test_when_it_is_not_sure_whose_it_is_a_person_looks(
    make_patient: MakePatient,
    arrive: Callable[..., InboxMessage],
    happened: list[Any],
    fields: dict[str, Any],
    says: str,
) -> None:
    make_patient()
    with pytest.raises(NeedsReview, match=says) as raised:
        arrive(letters.letter(letters.patient(**fields)))
    assert nothing_filed()
    assert happened == []
    for said in ("Smith", "SMITH", "Jones", letters.NHS_NUMBER, letters.FAILING, "1970"):
        assert said not in raised.value.reason


@pytest.mark.parametrize(
    ("given", "twin", "filed"),
    [
        ("John", "John", False),  # the twin's letter under this one's number
        ("JOHN Paul", "John", False),
        ("Jane", "John", True),
        ("Janie", "John", True),  # a nickname is nobody else's name
        ("John", "Jim", True),
        ("", "John", True),
    ],
)
def test_a_letter_with_a_twins_name_and_the_others_number_is_for_a_person(
    given: str, twin: str, filed: bool, make_patient: MakePatient, arrive: Callable[..., InboxMessage]
) -> None:
    make_patient(given="Jane")
    make_patient(given=twin, nhs_number=letters.ANOTHER)
    about = letters.patient(name=[{"family": "Smith"} | ({"given": given.split()} if given else {})])
    if filed:
        arrive(letters.letter(about))
        assert Letter.objects.count() == 1
        return
    with pytest.raises(NeedsReview, match="first name that of another"):
        arrive(letters.letter(about))
    assert nothing_filed()


def test_two_patients_with_one_number_are_never_chosen_between(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage]
) -> None:
    make_patient()
    make_patient(family="Jones")
    with pytest.raises(NeedsReview, match="More than one"):
        arrive(letters.letter())
    assert nothing_filed()


def test_somebody_who_is_not_registered_here_is_for_a_person(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage], hillside: Organisation
) -> None:
    make_patient(registered_at=hillside)
    left = make_patient(nhs_number=letters.ANOTHER)
    Relationship.objects.filter(patient=left).update(until=timezone.now())
    for number in (letters.NHS_NUMBER, letters.ANOTHER):
        who = letters.patient(identifier=[{"system": letters.SYSTEM, "value": number}])
        with pytest.raises(NeedsReview, match="not registered"):
            arrive(letters.letter(who))
    assert nothing_filed()


def test_what_cannot_be_read_or_is_withdrawn_is_for_a_person(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage]
) -> None:
    make_patient()
    for message in (
        letters.letter(data=b"not a document"),
        letters.letter(data=b'{"resourceType": "Bundle", "type": "banana"}'),
        letters.letter(status="entered-in-error"),
        letters.letter(subject={"display": "somebody"}, content_type="text/plain", data=b"Dear colleague")
        | {"entry": [e for e in letters.letter()["entry"] if e["resource"]["resourceType"] == "MessageHeader"]},
    ):
        with pytest.raises((NeedsReview, PayloadInvalid)):
            arrive(message)
    assert nothing_filed()


def test_a_letter_in_another_format_is_filed_as_it_is(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage]
) -> None:
    make_patient()
    arrive(letters.letter(content_type="application/pdf", data=b"%PDF-1.7"))
    assert Letter.objects.get().gp_actions == ""


def test_a_message_without_a_letter_is_turned_away(sender: Partner) -> None:
    message = letters.letter()
    message["entry"][0]["resource"]["focus"] = [{"reference": message["entry"][3]["fullUrl"]}]
    with pytest.raises(PayloadInvalid) as raised:
        inbound.precheck(message, sender)
    assert (raised.value.status, raised.value.expression) == (422, "MessageHeader.focus")
    message = letters.letter()
    del message["entry"][2]
    with pytest.raises(PayloadInvalid) as raised:
        inbound.precheck(message, sender)
    assert raised.value.status == 400


def test_all_or_nothing_when_what_hears_of_it_fails(
    make_patient: MakePatient, arrive: Callable[..., InboxMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_patient()

    def fail(name: str, **ids: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(actions, "happen", fail)
    with pytest.raises(ZeroDivisionError):
        arrive(letters.letter())
    assert nothing_filed()
    assert not AuditEvent.objects.filter(action="filed a letter").exists()


PUBLISHED = Path(django_settings.BASE_DIR).parent / "shared" / "data" / "nhsengland-r4" / "trust-integration-engine"


@pytest.mark.parametrize("name", ["Bundle-message-document.json", "document-message-TOC.json"])
@pytest.mark.requirement("BARS-TRAP-4")
def test_published_letters_are_understood_and_wait_for_a_person(
    arrive: Callable[..., InboxMessage], riverside: Organisation, name: str
) -> None:
    if not PUBLISHED.exists():
        pytest.skip("no ../shared/data")
    message = json.loads((PUBLISHED / name).read_text())
    with pytest.raises(NeedsReview):
        arrive(message)
    assert nothing_filed()
    assert UUID(message["id"])


# Still to enter -------------------------------------------------------------------------------------------------------
def test_a_letter_filed_leaves_a_line_still_to_enter(
    make_patient: MakePatient, arrive: Callable[[dict[str, Any]], InboxMessage], gp: Person
) -> None:
    patient = make_patient()
    arrive(letters.letter())
    filed, line = Letter.objects.get(), ToEnter.objects.get()
    assert (line.patient, line.organisation.ods_code, line.settled_at) == (patient, "Y90001", None)
    assert (line.about, line.about_id, line.became) == ("letter", str(filed.pk), "filed")
    assert line.title == "Letter from Northern Infirmary: Heart failure clinic: discharge letter"
    page = gp.client.get("/still-to-enter/").content.decode()
    assert line.title in page
    assert "Check kidney function in two weeks" in page


@pytest.mark.parametrize("broken", ["list_at_practices", "audit.record", "happen"])
@pytest.mark.django_db(transaction=True)
def test_without_its_line_or_its_audit_row_there_is_no_letter(
    broken: str,
    make_patient: MakePatient,
    arrive: Callable[[dict[str, Any]], InboxMessage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_patient()
    audits = AuditEvent.objects.count()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(f"records.actions.{broken}", fail)
    with pytest.raises(RuntimeError, match="on purpose"):
        arrive(letters.letter())
    assert nothing_filed()
    assert not ToEnter.objects.exists()
    assert AuditEvent.objects.count() == audits
