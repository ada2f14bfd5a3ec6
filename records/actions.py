"""What is done to a patient's place in our care, and to letters that come in.

Each act is one transaction with its audit row.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import Organisation
from exchange.errors import NeedsReview
from exchange.happenings import happen
from exchange.models import InboxMessage
from records.entering.actions import list_at_practices
from records.ingest.identity import row_id, source_key
from records.ingest.reading import Entry
from records.ingest.restricting import settle_person
from records.ingest.storing import Intake, store_within, take_turn
from records.letters.incoming import IncomingLetter, pointed_at
from records.models import Letter, Patient, PatientLink, Received, Relationship, Resource
from records.people.restricted import everyone_same
from records.people.together import make_own, share_reach


@transaction.atomic
def relate(*, patient: Patient, organisation: Organisation, kind: str, why: str, by: Actor) -> Relationship:
    """Let an organisation reach a patient, and say why. What is open already, and theirs, stays as it is."""
    relationship, made = Relationship.objects.get_or_create(
        patient=patient,
        organisation=organisation,
        kind=kind,
        until=None,
        defaults={"since": timezone.now(), "why": why[:200]},
    )
    if own := make_own([patient.pk], organisation, kind, why):
        relationship, made = own[0], True
    if made:
        share_reach([patient.pk])
        audit.record(by=by, action="gave access", patient=patient.pk, of=relationship, note=organisation.name)
    return relationship


@transaction.atomic
def unrelate(*, patient: Patient, organisation: Organisation, kind: str, why: str, by: Actor) -> None:
    """End an organisation's reach to a patient; the row stays and says from when until when. Harmless when none is."""
    found = Relationship.objects.select_for_update().filter(
        patient__in=everyone_same(patient.pk), organisation=organisation, kind=kind, until__isnull=True
    )
    for relationship in found:
        relationship.until = timezone.now()
        relationship.save(update_fields=["until"])
        audit.record(by=by, action="ended access", patient=patient.pk, of=relationship, note=why[:200])


# Letters --------------------------------------------------------------------------------------------------------------
def file_letter(letter: IncomingLetter, *, patient: Patient, source: InboxMessage, by: Actor) -> Letter:
    """File a letter that came as a message to a patient (FHIR DocumentReference), all of it or nothing.

    A letter that the sender sends again, changed, becomes a new version of the same one. Raises NeedsReview if what
    was stored does not end up with this patient.
    """
    with transaction.atomic():
        document = _store_document(letter, patient, source, by)
        filed, _ = Letter.objects.update_or_create(
            document=document,
            defaults={
                "patient_id": document.patient_id or patient.pk,
                "sender": source.sender.organisation,
                "title": letter.title[:200],
                "department": letter.department[:120],
                "author": letter.author[:120],
                "written_at": letter.written_at or source.received_at or timezone.now(),
                "gp_actions": letter.gp_actions,
                "answers": letter.answers[:200],
                "message_id": str(source.pk),
            },
        )
        list_at_practices(
            patient=patient,
            title=f"Letter from {filed.sender.name}: {filed.title}",
            what=f"Code and enter. To do: {letter.gp_actions}" if letter.gp_actions else "",
            about="letter",
            about_id=str(filed.pk),
            became="filed",
            by=by,
        )
        audit.record(by=by, action="filed a letter", patient=patient.pk, of=filed)
        happen("letter_filed", letter_id=str(filed.pk), inbox_id=str(source.pk), answers=letter.answers)
    return filed


def _store_document(letter: IncomingLetter, patient: Patient, source: InboxMessage, by: Actor) -> Resource:
    """Put the letter's resources into the store as what the sender says, and return its DocumentReference."""
    sender = source.sender.organisation
    take_turn()  # two first letters at once would each bring the sender's Patient
    received, _ = Received.objects.get_or_create(  # the bytes themselves are kept by the inbox message
        source=sender,
        sha256=source.sha256,
        name=str(source.pk),
        defaults={"via": Received.Via.MESSAGE, "length": len(source.payload.encode())},
    )
    same = everyone_same(patient.pk)  # the sender may have told us of somebody joined to this patient
    links = PatientLink.objects.filter(source=sender, patient__in=same).select_related("resource")
    link = next(iter(sorted(links, key=lambda one: one.patient_id != patient.pk)), None)
    found = pointed_at(letter, _reference(letter, link))
    wanted = [found.document, *found.beside, *([] if link else [found.patient])]
    stored = [Entry(one.number + 1, one.resource, one.full_url) for one in wanted]
    _refuse_what_it_would_overwrite(stored, same, source)
    intake = Intake(sender, by, received=received, file=str(source.pk))
    if link:
        intake.known[link.source_key] = ("Patient", link.resource_id)
    try:
        rows = store_within(intake, stored)
    except ValueError:
        raise NeedsReview("The letter cannot be kept as it is: part of it is not valid.") from None
    finally:
        intake.pending.close()
    document = Resource.objects.get(pk=rows[0])
    if document.patient_id is None or document.patient_id not in same:
        raise NeedsReview("The sender's own records say that this letter is another patient's.")
    # The text itself names nobody; it is this patient's, and nobody else is to reach it.
    texts = [row for one, row in zip(wanted, rows, strict=True) if one.resource["resourceType"] == "Binary"]
    Resource.objects.filter(pk__in=texts).update(patient=document.patient_id)
    if letter.about.restricted and link:
        _restrict(patient, link)
    return document


def _refuse_what_it_would_overwrite(stored: list[Entry], same: list[UUID], source: InboxMessage) -> None:
    """A sender's ids decide the rows, and senders use ids again: never another patient's letter, never a newer one."""
    ods = source.sender.organisation.ods_code
    rows = [row_id(ods, one.resource["resourceType"], source_key(one.resource, one.full_url, "")) for one in stored]
    texts = Resource.objects.filter(pk__in=rows, type__in=("DocumentReference", "Binary", "Composition"))
    if texts.filter(patient__isnull=False).exclude(patient__in=same).exists():
        raise NeedsReview("The sender has used this letter's id for another patient.")
    filed = Letter.objects.filter(document=rows[0]).values_list("message_id", flat=True).first()
    if filed and InboxMessage.objects.filter(pk=filed, received_at__gt=source.received_at).exists():
        raise NeedsReview("A newer version of this letter is filed already.")


def _restrict(patient: Patient, link: PatientLink) -> None:
    """A later letter says that the person is restricted: believe it at once, also when the columns are drawn again."""
    Resource.objects.filter(pk=link.resource_id).update(security=["R"])
    settle_person(patient.pk)


def _reference(letter: IncomingLetter, link: PatientLink | None) -> str:
    """How the stored letter refers to its patient: by the Patient that this sender told us of before, else its own."""
    if link is None:
        return letter.patient.full_url or f"Patient/{letter.patient.resource.get('id')}"
    return link.source_key if link.source_key.startswith("urn:") else f"Patient/{link.source_key}"
