"""Asking a patient's record for words. It starts from the rows within reach and looks at each one's words by its key:
there is no index over everybody's words, and a search costs what one record costs, however large the practice.
"""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, F, Func, OuterRef, QuerySet, Subquery, Value

from records.models import Resource, SearchText
from records.search.words import Asked


class _Holds(Func):
    """Whether a vector holds what is asked: `words @@ query`."""

    template = "(%(expressions)s::tsquery)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def matching(rows: QuerySet[Resource], asked: Asked) -> QuerySet[Resource]:
    """Those of the rows that hold everything that is asked; all of them when nothing is."""
    if not asked:
        return rows
    # A subquery per row, not a join: never planned as a walk through everybody's words.
    words = Subquery(SearchText.objects.filter(resource=OuterRef("pk")).values("words"), SearchVectorField())
    return rows.alias(words_held=words).filter(_Holds(F("words_held"), Value(asked.query)))


def texts(rows: Iterable[UUID]) -> dict[UUID, str]:
    """The text in which each of a few rows was found."""
    return dict(SearchText.objects.filter(resource__in=list(rows)).values_list("resource_id", "text"))


def cut_short(rows: QuerySet[Resource]) -> int:
    """Of how many of the rows only the beginning is searched."""
    return rows.filter(search_text__cut=True).count()
