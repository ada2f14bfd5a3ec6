"""The pages of a long record ask the database no more often than those of a short one."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import Organisation
from conftest import Person
from records.models import Patient
from records.tests.saying import say

pytestmark = pytest.mark.django_db
KINDS = ("problem", "medicine", "allergy", "result", "report", "encounter", "flag", "careplan", "goal", "immunisation")
PAGES = ("", "timeline/", "entries/", "entries/result/", "results/", "changed/", "details/", "summary/", "reports/")


def asked(gp: Person, patient: Patient, page: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert gp.client.get(f"/patients/{patient.pk}/{page}").status_code == 200
    return len(queries)


def test_a_thousand_entries_cost_no_more_queries_than_ten(
    make_patient: Callable[..., Patient], gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    short, long = make_patient(), make_patient(nhs_number="9990000026", family="Jones")
    for patient, times in ((short, 1), (long, 100)):
        for number in range(times):
            for kind in KINDS:
                source = infirmary if number % 2 else riverside
                say(source, patient, kind, f"{kind} {number}", code=str(number), value="1" if kind == "result" else "")
    asked(gp, short, "")  # what is read once per process
    more = {page: (asked(gp, short, page), asked(gp, long, page)) for page in PAGES}
    assert {page: said for page, said in more.items() if said[1] > said[0]} == {}
