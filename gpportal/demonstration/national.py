"""What the sandbox PDS holds of the demonstration's people, as a table: `python -m gpportal.demonstration.national`.

The sandbox imports nothing of ours, so the table is kept beside it (sandbox/pds/people.csv); a test compares them.
"""

import csv
import io
from pathlib import Path
from typing import Final

from gpportal.demonstration import nhs_numbers
from gpportal.demonstration.people import Person, everyone

FILE: Final = Path(__file__).parents[2] / "sandbox" / "pds" / "people.csv"
COLUMNS: Final = (
    *("nhs_number", "prefix", "given", "middle", "family", "gender", "born", "line", "town", "postcode"),
    *("phone", "restricted", "died_days_ago"),
)


def table() -> str:
    """CSV with one line for each person whose NHS number is right; of two who share one, the first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = {str(one.nhs_number): _row(one) for one in reversed(everyone()) if _has_number(one)}
    writer.writerows(rows[number] for number in sorted(rows))
    return text.getvalue()


def _has_number(person: Person) -> bool:
    return bool(person.nhs_number) and nhs_numbers.is_valid(str(person.nhs_number))


def _row(person: Person) -> list[object]:
    return [
        *(person.nhs_number, person.prefix, person.given, person.middle or "", person.family, person.gender),
        *(person.born.isoformat(), person.line, person.town, person.postcode),
        *(person.landline or person.mobile or "", "R" if person.restricted else "", person.died_days_ago or ""),
    ]


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
