"""Large data is kept apart and put back exactly."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import Organisation
from exchange.fhir import numbers
from records import bodies
from records.models import Attachment, Resource
from records.tests.taking import counts, take, write

pytestmark = pytest.mark.django_db
BIG = "QUJD" * 20_000
sizes = st.sampled_from([4, 65_532, 65_536, 65_540, 80_000])
documents = st.recursive(
    st.fixed_dictionaries({"data": sizes.map(lambda size: "QUJD" * (size // 4)), "title": st.text(max_size=5)}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(documents.map(lambda d: {"resourceType": "Basic", "held": d}))
def test_whatever_is_taken_out_is_put_back(db: None, document: dict[str, Any]) -> None:
    before = numbers.dumps(document)
    taken = bodies.take_out(document)
    Attachment.objects.bulk_create((Attachment(pk=k, base64=v) for k, v in taken.items()), ignore_conflicts=True)
    body = numbers.dumps(document)
    assert len(body) < len(before) if taken else body == before
    assert bodies.full(Resource(body=body)) == before


def test_a_large_letter_through_the_ingest(tmp_path: Path, riverside: Organisation) -> None:
    content = [{"attachment": {"contentType": "text/plain", "data": data}} for data in (BIG, BIG, "QUJD")]
    letter = {"resourceType": "DocumentReference", "id": "d", "status": "current", "content": content}
    file = write(tmp_path / "a.json", letter)
    assert counts(take(file, riverside)) == (1, 0, 0, 0)
    stored = Resource.objects.get()
    assert len(stored.body) < 2000
    assert Attachment.objects.get().base64 == BIG
    assert json.loads(bodies.full(stored))["content"] == content
    assert counts(take(file, riverside)) == (0, 0, 1, 0)


def test_nothing_received_can_pass_for_a_mark(tmp_path: Path, riverside: Organisation) -> None:
    mark = {"resourceType": "Binary", "contentType": "text/plain", "data": "attachment:sha256:" + "0" * 64}
    assert counts(take(write(tmp_path / "a.json", mark), riverside)) == (0, 0, 0, 1)
    assert not Resource.objects.exists()
