"""The people with a purpose: those of the design pictures, and the awkward cases a records system must survive."""

from datetime import date

from gpportal.demonstration import nhs_numbers
from gpportal.demonstration.people import Person

_LATE = "Harrowmere"


def _person(
    number: int, name: str, gender: str, born: str, nhs: str | None, ethnic: str = "A", **more: object
) -> Person:
    """A person at an address of their own; `name` is prefix, given and family name, `more` overrides."""
    prefix, given, family = name.split(" ", 2)
    fields: dict[str, object] = {
        "line": f"{number * 2 + 1} Tannery Street",
        "town": _LATE,
        "postcode": f"ZZ1 {number % 9 + 1}{'ABDEFGHJLNPQRS'[number % 14]}T",
        "landline": f"01632 960{number + 410:03}",
        "mobile": f"07700 900{number + 20:03}",
        "gp": "khan",
    }
    return Person(
        number=number,
        prefix=prefix,
        given=given,
        family=family,
        gender=gender,
        born=date.fromisoformat(born),
        nhs_number=nhs,
        ethnic=ethnic,
        **(fields | more),  # type: ignore[arg-type]
    )


(
    JANE,
    ARJUN,
    CARYS,
    PIOTR,
    GRACE,
    LONGEST,
    NO_NUMBER,
    FAILING,
    SHARED_A,
    SHARED_B,
    RESTRICTED,
    DECEASED,
    TWIN_A,
    TWIN_B,
) = range(1, 15)

# What those have whose story needs it; everyone else has what their age and sex make likely.
PROBLEMS_OF = {
    ARJUN: ["hypertension", "hyperlipidaemia", "iron_deficiency"],
    CARYS: ["eczema", "hay_fever"],
    PIOTR: ["back_pain", "gord"],
    GRACE: ["hypertension", "anaemia"],
    LONGEST: [
        "hypertension",
        "t2dm",
        "ckd3a",
        "heart_failure",
        "af",
        "osteoarthritis_knee",
        "gout",
        "hearing_loss",
        "cataract",
    ],
}
MEDICINES_OF = {LONGEST: frozenset({"warfarin", "furosemide40", "losartan"})}

_SHARED_NUMBER = nhs_numbers.nth(601)

CAST = (
    _person(
        JANE,
        "Mrs Jane Smith",
        "female",
        "1970-05-01",
        "9991234578",
        line="Flat 1, 14 Millrace Road",
        postcode="ZZ1 3JS",
        landline="01632 960148",
        mobile=None,
        known_as="Janie",
    ),
    _person(ARJUN, "Mr Arjun Patel", "male", "1958-02-17", "9992041188", "H"),
    _person(CARYS, "Miss Carys Jones", "female", "1994-09-30", "9993105538"),
    _person(PIOTR, "Mr Piotr Nowak", "male", "1981-06-12", "9991187758", "C"),
    _person(GRACE, "Mrs Grace Adebayo", "female", "1966-12-03", "9994429019", "N", gp="silva"),
    # The longest record of the practice: pages must stay quick on it.
    _person(LONGEST, "Mr Gwilym Llewellyn-Hughes", "male", "1941-03-08", nhs_numbers.nth(602)),
    # Arrived from abroad and not yet traced.
    _person(
        NO_NUMBER, "Ms Ioana Dumitrescu", "female", "1999-07-21", None, "C", gp="silva", verification="nhs.untraced"
    ),
    # One digit wrong: the check digit should be 4.
    _person(FAILING, "Mr Kelechi Nwosu", "male", "1987-01-14", "9990042317", "N", verification="nhs.untraced"),
    # Two people, one number.
    _person(SHARED_A, "Ms Harriet Greenhalgh", "female", "1979-04-04", _SHARED_NUMBER, verification="nhs.conflict"),
    _person(SHARED_B, "Mrs Nasreen Akhtar", "female", "1962-10-19", _SHARED_NUMBER, "J", verification="nhs.conflict"),
    _person(RESTRICTED, "Ms Hodan Warsame", "female", "1990-08-25", nhs_numbers.nth(603), "N", restricted=True),
    _person(DECEASED, "Mr Reginald Ackroyd", "male", "1938-11-11", nhs_numbers.nth(604), died_days_ago=34),
    # Plausibly the same woman registered twice, once under each spelling and an old number.
    _person(
        TWIN_A,
        "Mrs Siân Pryce-Jones",
        "female",
        "1974-03-12",
        nhs_numbers.nth(605),
        line="8 Otterburrow Close",
        postcode="ZZ2 6PJ",
        mobile="07700 900452",
    ),
    _person(
        TWIN_B,
        "Mrs Sian Price Jones",
        "female",
        "1974-03-12",
        nhs_numbers.nth(606),
        line="8 Otterburrow Cl",
        postcode="ZZ2 6PJ",
        mobile="07700 900452",
        gp="silva",
    ),
)
