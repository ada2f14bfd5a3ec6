"""Who has which problem: prevalence by age and sex, onset, and what has passed."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from gpportal.demonstration.cast import PROBLEMS_OF
from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import PROBLEMS, STATUS
from gpportal.demonstration.shapes import concept

# name | sex (a: anyone) | per cent who have it at 10, 30, 50, 70 and 90 years of age | text where it stays uncoded
_PREVALENCE = """
hypertension|a|0 2 18 50 62|
t2dm|a|0 1 8 18 16|
prediabetes|a|0 1 8 14 10|
hyperlipidaemia|a|0 1 12 26 20|
ckd3a|a|0 0 1 9 22|
ckd3b|a|0 0 0 3 10|
heart_failure|a|0 0 0 3 9|
hfref|a|0 0 0 3 5|
af|a|0 0 1 9 20|
ihd|a|0 0 3 13 20|
stroke|a|0 0 1 5 10|
tia|a|0 0 0 3 6|
asthma|a|10 9 8 7 5|
copd|a|0 0 3 9 8|
depression|a|0 10 13 10 9|
mixed|a|1 9 9 5 4|
anxiety|a|2 7 6 4 3|
hypothyroidism|a|0 2 5 9 10|
osteoarthritis_knee|a|0 0 7 24 30|Osteoarthritis of knee
osteoarthritis_hip|a|0 0 3 12 15|Osteoarthritis of hip
osteoporosis|f|0 0 3 15 26|
rheumatoid|a|0 0 1 2 2|
gout|m|0 1 4 9 9|
gord|a|0 4 9 13 12|
migraine|f|2 14 14 6 2|
eczema|a|14 7 5 4 4|
psoriasis|a|1 2 3 3 2|
hay_fever|a|11 15 11 6 3|
ibs|f|0 7 7 4 2|
back_pain|a|0 6 13 14 12|
sciatica|a|0 2 4 4 2|
insomnia|a|0 3 6 9 8|
sleep_apnoea|m|0 1 5 5 2|
epilepsy|a|1 1 1 1 1|
parkinsons|a|0 0 0 2 4|
alzheimers|a|0 0 0 3 14|
vascular_dementia|a|0 0 0 2 7|
breast_cancer|f|0 0 3 6 6|
prostate_cancer|m|0 0 1 9 14|
colon_cancer|a|0 0 1 2 4|
prostate_enlargement|m|0 0 4 22 32|Benign prostatic hyperplasia
cataract|a|0 0 1 14 34|Cataract
hearing_loss|a|0 0 4 22 46|Hearing loss, both ears
glaucoma|a|0 0 2 5 8|
anaemia|a|0 3 3 6 12|
iron_deficiency|f|0 5 5 2 3|Iron deficiency anaemia
pcos|f|0 8 3 0 0|
endometriosis|f|0 5 4 0 0|
autism|a|4 2 0 0 0|
adhd|a|5 3 1 0 0|
bipolar|a|0 1 1 1 0|
schizophrenia|a|0 1 1 1 0|
multiple_sclerosis|f|0 1 1 1 0|
coeliac|a|1 1 1 1 1|
ulcerative_colitis|a|0 1 1 1 0|
fibromyalgia|f|0 2 4 3 1|
t1dm|a|1 1 1 0 0|
recurrent_falls|a|0 0 0 8 28|Recurrent falls
"""

# What people once had: name | youngest age at the time | oldest | share of patients | text where uncoded
_PAST = """
tonsillitis|3|25|0.20|
otitis|1|10|0.28|
croup|1|5|0.07|
appendicitis|8|50|0.09|
uti|16|85|0.17|
lrti|30|90|0.15|
pneumonia|50|90|0.05|
sinusitis|18|60|0.09|
ankle_sprain|12|55|0.12|
gallstones|35|75|0.06|
covid|5|85|0.20|
embolism|45|80|0.02|
carpal_tunnel|35|70|0.05|Carpal tunnel syndrome
wrist_fracture|8|85|0.07|Fracture of distal radius
mi|55|85|0.03|
shingles|45|85|0.06|Shingles
chickenpox|2|9|0.20|Chickenpox
"""

# Where one excludes the other, the first kept wins.
_EXCLUSIVE = [
    {"t2dm", "t1dm", "prediabetes"},
    {"ckd3a", "ckd3b"},
    {"heart_failure", "hfref"},
    {"depression", "mixed", "anxiety"},
    {"alzheimers", "vascular_dementia"},
    {"asthma", "copd"},
    {"anaemia", "iron_deficiency"},
    {"bipolar", "schizophrenia"},
]

# Earliest onset in years of age; others may begin at any adult age.
_EARLY = {"asthma", "eczema", "hay_fever", "autism", "adhd", "t1dm", "epilepsy", "coeliac"}


# Years since onset at most: what progresses fast, and what was not recorded under this name before.
_LONGEST = {
    "ckd3a": 9,
    "ckd3b": 6,
    "prediabetes": 8,
    "hfref": 6,
    "heart_failure": 8,
    "alzheimers": 7,
    "vascular_dementia": 6,
    "recurrent_falls": 5,
    "pcos": 12,
}


@dataclass(frozen=True)
class Problem:
    """One entry of a problem list (FHIR Condition). `name` is its key in the code table, or of a text-only line."""

    name: str
    text: str
    onset: date
    resolved: date | None = None
    reference: str = ""


def _rows(table: str) -> list[list[str]]:
    return [line.split("|") for line in table.strip().splitlines()]


_TEXTS = {row[0]: row[-1] for row in [*_rows(_PREVALENCE), *_rows(_PAST)] if row[-1]}


def text_of(name: str) -> str:
    """The wording of a problem."""
    return _TEXTS.get(name) or PROBLEMS[name].display


def chance(shares: list[float], age: int) -> float:
    """Prevalence at an age, interpolated between the ages of 10, 30, 50, 70 and 90."""
    place = min(max((age - 10) / 20, 0), 3.999)
    low = int(place)
    return (shares[low] + (shares[low + 1] - shares[low]) * (place - low)) / 100


def _onset(chart: Chart, random: Random, name: str) -> date:
    """A day on which it may have begun: childhood for some, else the later half of life so far."""
    youngest = 1 if name in _EARLY else max(18, chart.age // 2)
    longest = min(_LONGEST.get(name, 28), max(0.4, chart.age - youngest))
    return chart.ago(int(random.uniform(0.3, longest) * 365))


def current_problems(chart: Chart) -> list[Problem]:
    """The active problems of one person, oldest first."""
    random = chart.random("problems")
    names: list[str] = list(PROBLEMS_OF.get(chart.person.number, []))
    for name, sex, shares, _text in [] if names else _rows(_PREVALENCE):
        likely = chance([float(share) for share in shares.split()], chart.age)
        has = random.random() < likely and (sex == "a" or sex == chart.person.gender[0])
        excluded = any(name in group and group & set(names) for group in _EXCLUSIVE)
        if has and not excluded:
            names.append(name)
    return sorted((Problem(name, text_of(name), _onset(chart, random, name)) for name in names), key=lambda p: p.onset)


def past_problems(chart: Chart) -> list[Problem]:
    """What has been and gone."""
    random = chart.random("past problems")
    past = []
    for name, youngest, oldest, share, _text in _rows(_PAST):
        at_age = random.uniform(float(youngest), float(oldest))
        length = random.randrange(8, 60)
        if random.random() < float(share) and at_age + 0.5 < chart.age:
            began = chart.person.born + timedelta(days=int(at_age * 365.25))
            if name == "covid":
                began = date(2020, 3, 20) + timedelta(days=random.randrange(1_100))
            past.append(Problem(name, text_of(name), began, began + timedelta(days=length)))
    return past


def add_problem(chart: Chart, problem: Problem, by: dict[str, str], *names: str) -> Problem:
    """FHIR Condition on the problem list; further `names` are broader codes of the same thing."""
    codes = [PROBLEMS.get(name) for name in (problem.name, *names)]
    state = "resolved" if problem.resolved else "active"
    made = chart.add(
        "Condition",
        clinicalStatus=concept(STATUS[f"condition.{state}"]),
        verificationStatus=concept(STATUS["condition.confirmed"]),
        category=[concept(STATUS["condition.problem"])],
        code=concept(*codes, text=problem.text),
        onsetDateTime=problem.onset.isoformat(),
        abatementDateTime=problem.resolved.isoformat() if problem.resolved else None,
        recordedDate=problem.onset.isoformat(),
        recorder=by,
        stage=[{"summary": {"text": problem.text.rsplit(" disease ", 1)[-1]}}] if "stage" in problem.text else None,
    )
    return Problem(problem.name, problem.text, problem.onset, problem.resolved, made)


def broader(name: str) -> tuple[str, ...]:
    """Further codes for a problem, so that stages of one disease can be recognised as one disease."""
    return ("ckd",) if name in ("ckd3a", "ckd3b") else ()
