"""What Cityview Adult Social Care holds: packages of care, key workers, what matters to the person."""

from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE, PROBLEMS, STATUS
from gpportal.demonstration.dates import Calendar, at
from gpportal.demonstration.flags import add_flag
from gpportal.demonstration.letters import Letter, add_letter
from gpportal.demonstration.patients import next_of_kin, patient_to_fhir
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import CITYVIEW, ORGANISATIONS, PRACTITIONERS, staff
from gpportal.demonstration.shapes import Json, concept, phone

_PACKAGES = [
    ("One visit a day", "Morning: wash and dress, breakfast, prompt tablets.", "Each morning, 45 minutes"),
    ("Two visits a day", "Morning: wash and dress, breakfast. Evening: supper, prompt tablets.", "Morning and evening"),
    ("Three visits a day", "Morning, midday and evening: care, meals and tablets from the box.", "Three times a day"),
    ("Four visits a day, two carers", "Hoist transfers, skin checks, all meals. Tablets given.", "Four times a day"),
    ("Day centre, two days a week", "Company and a hot meal. Transport both ways.", "Tuesdays and Thursdays"),
    ("Meals and a weekly shop", "Hot meal at noon, shopping on Fridays.", "Daily meal, weekly shop"),
]

_HOMES = [
    "Lives alone, ground floor, key safe",
    "Lives alone, first floor, no lift, key safe",
    "Lives with wife, house with stairs, stairlift",
    "Lives with husband, bungalow",
    "Lives with son, own room downstairs",
    "Sheltered flat, warden on weekdays",
]

_ABOUT_ME = [
    ("What matters most to me", ["My garden and the birds.", "Seeing my great-grandchildren.", "Staying at home."]),
    ("How I communicate", ["Speak slowly, I will get there.", "Hearing aid in the right ear.", "Large print, please."]),
    ("Please do", ["Knock and call out first.", "Let me do my own buttons.", "Offer tea before anything else."]),
    ("Please do not", ["Move my chair.", "Talk over my head.", "Hurry me on the stairs."]),
    ("How best to support me", ["A walk after dinner keeps me well.", "Ring my family if I seem muddled."]),
]

_GOALS = ["Get to the corner shop and back", "Stay at home safely", "Cook one meal a week", "No falls this winter"]


def open_chart(place: int, person: Person, calendar: Calendar) -> Chart:
    """Social care's chart, with its own Patient and client number."""
    number = 10_300 + place * 3
    chart = Chart(CITYVIEW, person, f"cv-{number}", calendar)
    chart.resources.append(patient_to_fhir(chart, f"C{number}"))
    return chart


def add_about_me(chart: Chart, answers: dict[str, str], day_ago: int, by: str) -> str:
    """FHIR QuestionnaireResponse: 'About me' in the person's own words, dated and signed."""
    items = [
        {"linkId": f"about-me-{number}", "text": heading, "answer": [{"valueString": answer}]}
        for number, (heading, answer) in enumerate(answers.items(), start=1)
    ]
    return chart.add(
        "QuestionnaireResponse",
        status="completed",
        authored=at(chart.ago(day_ago), 11),
        author=staff(by),
        source=chart.patient(),
        item=[{"linkId": "about-me", "text": "About me", "item": items}],
    )


def add_key_worker(chart: Chart, by: str) -> str:
    """FHIR CareTeam: who is responsible, with a number to ring."""
    worker = PRACTITIONERS[by]
    return chart.add(
        "CareTeam",
        status="active",
        name="Adult social care team",
        participant=[{"role": [{"text": f"Key worker, {worker.job.lower()}"}], "member": staff(by)}],
        telecom=[phone(worker.phone or ORGANISATIONS[CITYVIEW].phone, "work")],
    )


def add_package(
    chart: Chart,
    title: str,
    words: str,
    times: str,
    since_ago: int,
    team: str,
    *,
    paused: str | None = None,
    **more: Any,
) -> str:
    """FHIR CarePlan of a package of visits; `paused` says since when and why, and puts it on hold."""
    detail: Json = {
        "status": "on-hold" if paused else "in-progress",
        "description": words,
        "scheduledString": times,
    }
    if paused:
        detail["statusReason"] = {"text": paused}
    return chart.add(
        "CarePlan",
        status="on-hold" if paused else "active",
        intent="plan",
        category=[{"text": "Package of care"}],
        title=title,
        description=f"{title}, {paused[0].lower()}{paused[1:]}" if paused else title,
        period={"start": chart.ago(since_ago).isoformat()},
        created=chart.ago(since_ago).isoformat(),
        careTeam=[{"reference": team}],
        activity=[{"detail": detail}],
        **more,
    )


def add_goal(chart: Chart, words: str, since_ago: int) -> str:
    """FHIR Goal the person has set."""
    return chart.add(
        "Goal", lifecycleStatus="active", description={"text": words}, startDate=chart.ago(since_ago).isoformat()
    )


def add_falls(chart: Chart, count: int, days_ago: int, words: str) -> None:
    """FHIR Condition of falls as social care records it, and an Observation with how many."""
    chart.add(
        "Condition",
        clinicalStatus=concept(STATUS["condition.active"]),
        verificationStatus=concept(STATUS["condition.confirmed"]),
        category=[concept(STATUS["condition.problem"])],
        code=concept(PROBLEMS["fall"], text="Falls"),
        onsetDateTime=chart.ago(days_ago).isoformat(),
        recordedDate=chart.ago(days_ago).isoformat(),
        note=[{"text": words}],
    )
    chart.add(
        "Observation",
        status="final",
        category=[concept(STATUS["observation.survey"])],
        code={"text": "Falls since the last assessment"},
        effectiveDateTime=chart.ago(min(days_ago, 20)).isoformat(),
        valueInteger=count,
        note=[{"text": words}],
    )


def add_assessment(chart: Chart, home: str, package: str, day_ago: int, by: str) -> str:
    """FHIR DocumentReference of a care needs assessment."""
    letter = Letter(
        "Care needs assessment",
        None,
        {
            "Home": home,
            "What is hard": "Washing, stairs and cooking; better with someone beside.",
            "What was agreed": package,
            "Next review": "In six months, or after any stay in hospital.",
        },
    )
    return add_letter(chart, letter, chart.ago(day_ago), by)


def care_chart(place: int, person: Person, calendar: Calendar) -> Chart:
    """What social care knows of someone: package, key worker, home, falls, goals, and what matters to them."""
    chart = open_chart(place, person, calendar)
    random = chart.random("care")
    by = "adeyemi" if place % 3 else "holt"
    since = random.randrange(60, 390)
    title, words, times = random.choice(_PACKAGES)
    home = random.choice(_HOMES)
    relation, given = random.choice([("daughter", "Ruth"), ("daughter", "Anne"), ("son", "Paul"), ("neighbour", "Jo")])
    next_of_kin(chart, relation, given, person.family, f"07700 900{random.randrange(1000):03}")
    team = add_key_worker(chart, by)
    paused = f"Paused {chart.ago(6):%d %b} (in hospital)" if place % 12 == 5 else None
    add_package(chart, title, words, times, since, team, paused=paused)
    add_flag(chart, "information", home, chart.ago(since).isoformat())
    if place % 4 == 0:
        falls = f"Fell {random.choice(['in the bathroom', 'on the step', 'getting out of bed'])}, not hurt."
        add_falls(chart, random.randrange(1, 4), random.randrange(25, 200), falls)
    for goal in random.sample(_GOALS, 1 + place % 2):
        add_goal(chart, goal, since)
    add_about_me(chart, {heading: random.choice(answers) for heading, answers in _ABOUT_ME}, since, by)
    add_assessment(chart, home, title, since + 3, by)
    if chart.age >= 85 and place % 5 == 0:
        add_flag(chart, "respect", "ReSPECT form", chart.ago(since).isoformat(), CARE["respect"])
    return chart
