"""Who is on the caseload."""

from access.actor import Actor
from records import reach
from records.models import Patient
from records.people.names import fold


def people(who: Actor, words: str) -> list[Patient]:
    """People on the caseload of the actor's organisation, by family name; each word must be in the name."""
    found = reach.patients(who).order_by("family", "given", "pk")
    for word in fold(words).split():
        found = found.filter(search_text__contains=word)
    return list(found)
