"""The forms a practice keeps, and from when each version of one is used."""

from django.db.models import QuerySet

from records.models import Form
from records.questionnaires.starting import Start


def forms(organisation_id: int | None) -> QuerySet[Form]:
    """The forms of an organisation by name; none for nobody's."""
    return Form.objects.filter(organisation=organisation_id).order_by("name")


def starts(form: Form) -> list[Start]:
    """From when each version of a form is used, in the order in which it was said."""
    said = form.starts.select_related("version").order_by("pk")
    return [Start(one.version.number, one.day) for one in said]
