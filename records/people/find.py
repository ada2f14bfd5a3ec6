"""Finding a patient within reach, from whatever somebody types.

First what is written that way (whole names, parts of names, in any order); only if that finds nobody, what sounds like
a slip of the finger: two letters exchanged, one too many, too few or wrong. Both go by the trigram index.
"""

from dataclasses import dataclass
from functools import reduce
from operator import add, and_, or_
from typing import Final

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, F, IntegerField, Lookup, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from access.actor import Actor
from records import reach
from records.models import Patient
from records.people.asked import Asked, take_apart

_SHORT: Final = 3
_LONG: Final = 6
_ENOUGH: Final = 8
_RANKED: Final = 200


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody who may be meant."""

    patient: Patient
    #: Nobody is written exactly as typed; this is near.
    near: bool = False


def patients(actor: Actor, text: str, limit: int = 20) -> list[Found]:
    """The people within the actor's reach who are meant by name, date of birth, NHS number or postcode, best first.

    Everything typed must hold: "smith 1 may 1970". Empty when nothing usable was typed.
    """
    asked = take_apart(text, timezone.localdate())
    if not asked:
        return []
    within = _facts(reach.patients(actor), asked)
    if not asked.words:
        return [Found(one) for one in within.order_by("family", "given", "pk")[:limit]]
    found = [Found(one) for one in _best(within, asked, limit)]
    return found or [Found(one, near=True) for one in _nearly(within, asked.words)[:limit]]


def _best(within: QuerySet[Patient], asked: Asked, limit: int) -> list[Patient]:
    """Those of the people within reach who are written so, best first.

    Where thousands are called Grace, to ask of each whether she is within reach takes three times as long as to rank
    them. So the best few hundred of all are ranked and then asked about; everybody only if those were not enough.
    """
    anybody = _facts(Patient.objects.filter(merged_into__isnull=True), asked)
    best_of_all = _as_written(anybody, asked.words).values("pk")[:_RANKED]
    found = list(_as_written(within.filter(pk__in=best_of_all), asked.words)[:limit])
    return found if len(found) == limit else list(_as_written(within, asked.words)[:limit])


def _facts(within: QuerySet[Patient], asked: Asked) -> QuerySet[Patient]:
    """Narrowed to NHS number, postcode and date of birth."""
    if asked.nhs_number:
        within = within.filter(nhs_number=asked.nhs_number)
    if asked.postcode:
        within = within.filter(search_text__contains=asked.postcode)
    if asked.born:
        within = within.filter(reduce(or_, (Q(birth_date__range=span) for span in asked.born)))
    return within


def _has(word: str) -> Q:
    """Whether a word stands in the search text: any part of a name, but a short word only at the beginning of one."""
    if len(word) < _SHORT:
        return Q(search_text__startswith=word) | Q(search_text__contains=f" {word}")
    return Q(search_text__contains=word)


def _as_written(within: QuerySet[Patient], words: list[str]) -> QuerySet[Patient]:
    ranks = [_rank(word) for word in words]
    score = reduce(add, ranks)
    return within.filter(reduce(and_, map(_has, words))).order_by((-score).asc(), "family", "given", "pk")


def _rank(word: str) -> Combinable:
    """3 for a whole name, 2 for its beginning, 1 for a part of it; the family name, which stands first, counts more."""
    return Case(
        When(search_text__startswith=f"{word} ", then=Value(4)),
        When(Q(search_text__contains=f" {word} ") | Q(search_text__endswith=f" {word}"), then=Value(3)),
        When(Q(search_text__startswith=word) | Q(search_text__contains=f" {word}"), then=Value(2)),
        default=Value(1),
        output_field=IntegerField(),
    )


def _nearly(within: QuerySet[Patient], words: list[str]) -> QuerySet[Patient]:
    """Everybody each word of whose name is at most one slip away from a word typed, most alike first."""
    alike = reduce(add, (TrigramWordSimilarity(word, "search_text") for word in words))
    near = within.filter(reduce(and_, map(_has_nearly, words)))
    return near.annotate(alike=alike).order_by("-alike", "family", "given", "pk")


def _has_nearly(word: str) -> Q:
    """The word, or its like: neighbouring letters exchanged, or after its beginning one wrong, too many or too few.

    The beginning must be right so that the index has letters to go by; of a long word eight letters are enough, since
    with too many likes to look for the index is no longer asked.
    """
    if len(word) < _SHORT or not word.isalpha():
        return _has(word)
    word = word[:_ENOUGH]
    begins = 1 if len(word) < _LONG else 2
    slips = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    for i in range(begins, len(word)):
        slips |= {word[:i] + word[i + 1 :], f"{word[:i]}_{word[i + 1 :]}", f"{word[:i]}_{word[i:]}"}
    patterns = tuple(f"{start}{slip}%" for slip in sorted(slips) for start in ("", "% "))
    return Q(_LikeOneOf(F("search_text"), patterns))


class _LikeOneOf(Lookup):
    """SQL's LIKE with the patterns as they are, in which `_` is any letter; the trigram index answers each.

    One lookup for all of them: sixty would cost Django more time than PostgreSQL needs to answer.
    """

    lookup_name = "like_one_of"
    prepare_rhs = False
    rhs: tuple[str, ...]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        either = " OR ".join([f"{column} LIKE %s"] * len(self.rhs))
        return f"({either})", tuple(one for pattern in self.rhs for one in (*parameters, pattern))
