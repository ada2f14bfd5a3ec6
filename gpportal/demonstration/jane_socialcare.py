"""Jane Smith as Cityview Adult Social Care knows her: two visits a day, paused while she was in hospital."""

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import STATUS
from gpportal.demonstration.dates import Calendar
from gpportal.demonstration.flags import add_flag
from gpportal.demonstration.jane import ADMITTED, FELL
from gpportal.demonstration.letters import Letter, add_letter
from gpportal.demonstration.patients import next_of_kin
from gpportal.demonstration.people import Person
from gpportal.demonstration.socialcare import (
    add_about_me,
    add_falls,
    add_goal,
    add_key_worker,
    add_package,
    open_chart,
)


def care_chart(place: int, person: Person, calendar: Calendar) -> Chart:
    """Everything social care holds about Jane."""
    chart = open_chart(place, person, calendar)
    next_of_kin(chart, "daughter", "Ruth", "Smith", "01632 960402")
    team = add_key_worker(chart, "adeyemi")
    since = chart.ago(ADMITTED)
    add_package(
        chart,
        "Two visits a day",
        "Morning: wash and dress, breakfast, tablets. Evening: supper, tablets.",
        "Morning and evening",
        95,
        team,
        paused=f"Paused {since.day} {since:%b} (in hospital), restart not confirmed",
        note=[{"text": "Frame within reach. Ring Ruth if she does not come to the door."}],
    )
    add_flag(chart, "information", "Lives alone, ground floor, key safe", chart.ago(400).isoformat())
    add_flag(
        chart, "adjustment", "Hearing aid in left ear: face her when speaking", "2025-02-11", STATUS["adjust.hearing"]
    )
    add_flag(chart, "adjustment", "Large print", chart.ago(400).isoformat(), STATUS["adjust.large_print"])
    add_falls(chart, 2, FELL, "Two falls since August, both indoors. Frame within reach.")
    add_goal(chart, "To go down to the garden by herself again", 95)
    add_goal(chart, "No more falls", 95)
    about = {
        "What I like to be called": "Janie",
        "What matters most to me": "My own front door, my garden, and Ruth's children on Sundays.",
        "How I communicate": "I wear a hearing aid in my left ear. Face me when you speak. I need large print.",
        "Please do": "Knock, call out, and put the kettle on.",
        "Please do not": "Move my frame. I look for it where I left it.",
        "How best to support me": "Give me time on the stairs outside. Check my ankles when you help with socks.",
    }
    add_about_me(chart, about, 95, "adeyemi")
    letter = Letter(
        "Care needs assessment",
        None,
        {
            "Home": "Ground-floor flat, lives alone, key safe by the door.",
            "What is hard": "Washing and dressing since the fall in August; cooking when tired.",
            "What was agreed": "Two visits a day, morning and evening. Frame and bath seat delivered.",
            "Next review": "In six months, or after any stay in hospital.",
        },
    )
    add_letter(chart, letter, chart.ago(95), "adeyemi")
    return chart
