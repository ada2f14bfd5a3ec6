"""The five hundred people of Riverside Surgery: households of plausible ages, and a few people with a purpose."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from random import Random

from gpportal.demonstration import nhs_numbers
from gpportal.demonstration.dates import EPOCH, years_before
from gpportal.demonstration.names import COMMUNITIES, STREETS, TOWNS, Community

PRACTICE_SIZE = 500


@dataclass(frozen=True)
class Person:
    """Someone registered at Riverside Surgery; `number` is their place in the practice's list, from 1."""

    number: int
    prefix: str
    given: str
    family: str
    gender: str
    born: date
    line: str
    town: str
    postcode: str
    landline: str | None
    mobile: str | None
    nhs_number: str | None
    ethnic: str
    gp: str
    middle: str | None = None
    known_as: str | None = None
    verification: str = "nhs.verified"
    restricted: bool = False
    died_days_ago: int | None = None

    @property
    def age(self) -> int:
        """Age on the day the story was written."""
        return years_before(EPOCH, self.born)

    @property
    def patient_id(self) -> str:
        """Id of the Patient resource at the practice."""
        return f"rs-{self.number:04}"


def _home(random: Random, index: int) -> tuple[str, str, str]:
    """A house no other household has."""
    street = STREETS[index % len(STREETS)]
    town, district = TOWNS[index * 7 % len(TOWNS)]
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    unit = f"{index % 9 + 1}{letters[index * 3 % len(letters)]}{letters[index * 11 % len(letters)]}"
    number = 3 + 2 * (index // len(STREETS)) + random.randrange(2)
    flat = f"Flat {random.randrange(1, 9)}, " if random.random() < 0.15 else ""
    return f"{flat}{number} {street}", town, f"{district} {unit}"


def _born(random: Random, age: int) -> date:
    return EPOCH - timedelta(days=int(age * 365.2425) + random.randrange(1, 364))


def _household_ages(random: Random) -> list[int]:
    """Ages of one household: the proportions give a British age pyramid."""
    shape = random.choices(["elder", "elders", "couple", "family", "single", "parent"], [15, 14, 20, 26, 18, 7])[0]
    if shape == "elder":
        return [random.randrange(67, 97)]
    if shape == "elders":
        first = random.randrange(64, 90)
        return [first, max(62, first + random.randrange(-6, 4))]
    if shape == "couple":
        first = random.randrange(24, 70)
        return [first, max(19, first + random.randrange(-6, 6))]
    if shape == "single":
        return [random.randrange(19, 70)]
    parent = random.randrange(26, 57)
    oldest = min(parent - 24, 19)
    children = [age for age in range(oldest, -1, -3) if random.random() < 0.6][:3]
    return [parent, *([parent + random.randrange(-4, 5)] if shape == "family" else []), *children]


def _prefix(random: Random, gender: str, age: int, married: bool) -> str:
    if age < 16:
        return "Master" if gender == "male" else "Miss"
    if random.random() < 0.02:
        return "Dr"
    return "Mr" if gender == "male" else ("Mrs" if married else random.choice(["Ms", "Miss"]))


def _given(random: Random, names: list[str], age: int, used: set[str]) -> str:
    """A name of the person's generation: long lists run from the oldest to the youngest names."""
    if len(names) > 30:
        middle = round((1 - min(age, 90) / 90) * len(names))
        names = names[max(0, middle - 9) : middle + 9]
    return random.choice([name for name in names if name not in used])


def _community(random: Random, index: int) -> Community:
    """By share of the town; the first households go round so that every community is there."""
    if index < len(COMMUNITIES):
        return COMMUNITIES[index]
    return random.choices(COMMUNITIES, [community.share for community in COMMUNITIES])[0]


def _household(random: Random, index: int) -> Iterator[Person]:
    """The people of one house; numbers and NHS numbers are given out by `everyone`."""
    community = _community(random, index)
    family = random.choice(community.families)
    line, town, postcode = _home(random, index)
    landline = f"01632 960{450 + index % 500:03}" if random.random() < 0.7 else None
    gp = "khan" if random.random() < 0.52 else "silva"
    ages = _household_ages(random)
    genders = [random.choice(["female", "male"])]
    if len(ages) > 1:
        other = {"female": "male", "male": "female"}[genders[0]]
        genders.append(other if random.random() < 0.95 or ages[1] < 19 else genders[0])
    genders += [random.choice(["female", "male"]) for _ in ages[2:]]
    used: set[str] = set()
    for age, gender in zip(ages, genders, strict=True):
        source = community.women if gender == "female" else community.men
        given = _given(random, source, age, used)
        used.add(given)
        mobile = f"07700 900{random.randrange(1000):03}" if age >= 14 and random.random() < 0.8 else None
        yield Person(
            number=0,
            prefix=_prefix(random, gender, age, married=len(ages) > 1),
            given=given.replace("_", " "),
            family=family,
            gender=gender,
            born=_born(random, age),
            line=line,
            town=town,
            postcode=postcode,
            landline=landline,
            mobile=mobile,
            nhs_number=None,
            ethnic=community.ethnic,
            gp=gp,
            middle=_given(random, source, age, used) if len(source) > 30 and random.random() < 0.5 else None,
        )


@cache
def everyone() -> tuple[Person, ...]:
    """All patients of the practice: the people with a purpose first, then households until the list is full."""
    from gpportal.demonstration.cast import CAST  # the cast is made of Person, which is defined here

    random = Random("Riverside Surgery")
    people = list(CAST)
    seen = {(person.given, person.family, person.born) for person in people}
    index = -1
    while len(people) < PRACTICE_SIZE:
        index += 1
        for person in _household(random, index):
            key = (person.given, person.family, person.born)
            if len(people) < PRACTICE_SIZE and key not in seen:
                seen.add(key)
                number = len(people) + 1
                middle = None if person.middle == person.given else person.middle
                people.append(replace(person, number=number, nhs_number=nhs_numbers.nth(number), middle=middle))
    assert all(first.number + 1 == second.number for first, second in pairwise(people))
    return tuple(people)
