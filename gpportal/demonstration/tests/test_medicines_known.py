"""The demonstration's medicines against the table of substances."""

from gpportal.demonstration.clinical_codes import MEDICINES
from records import substances


def test_every_coded_medicine_of_the_demonstration_has_its_substance() -> None:
    assert [m.display for m in MEDICINES.values() if not substances.of(m.system, m.code)] == []
