"""Jane Smith's history at the practice, as tables: past problems and medicines, results, consultations, letters."""

# key | words | began | ended
PAST_PROBLEMS = [
    (name, words, began, ended)
    for name, words, began, ended in (
        line.split("|")
        for line in """
chickenpox|Chickenpox|1975-03-04|1975-03-20
tonsillitis|Tonsillitis|1981-11-09|1981-11-20
appendicitis|Appendicitis|1986-05-21|1986-06-02
pre_eclampsia|Pre-eclampsia|1995-02-11|1995-03-30
anaemia|Anaemia|1995-04-03|1995-09-12
uti|Urinary tract infection|2003-08-19|2003-08-27
depression|Depressive disorder|2006-01-16|2007-05-02
carpal_tunnel|Carpal tunnel syndrome, left|2011-09-05|2012-03-28
gallstones|Gallstones|2013-02-18|2013-06-10
lrti|Chest infection|2019-12-30|2020-01-14
covid|COVID-19|2022-03-08|2022-03-22
""".strip().splitlines()
    )
]

# key | product where it is not in the catalogue | day of the last issue | status
PAST_MEDICINES = [
    (name, words, day, status)
    for name, words, day, status in (
        line.split("|")
        for line in """
ferrous||1995-06-01|completed
trimethoprim||2003-08-19|completed
citalopram||2007-04-11|stopped
bendroflumethiazide||2012-05-08|stopped
amlodipine5||2016-02-23|stopped
simvastatin||2017-09-14|stopped
omeprazole||2014-01-15|stopped
gliclazide||2019-03-05|stopped
doxycycline||2019-12-30|completed
cocodamol8||2021-06-17|stopped
ibuprofen||2022-08-30|stopped
clarithromycin||2023-01-24|completed
ramipril2||2024-04-22|stopped
hydrocortisone|Hydrocortisone 1% cream|2025-05-06|completed
""".strip().splitlines()
    )
]

_KIDNEYS = ["sodium", "potassium", "urea", "creatinine", "egfr"]
_FATS = ["cholesterol", "hdl", "ldl", "triglycerides"]
_LIVER = ["alt", "alp", "bilirubin", "albumin"]
_COUNT = ["haemoglobin", "wcc", "platelets", "mcv"]


def _panel(panel: str, names: list[str], lines: str) -> list[tuple[int, str, dict[str, str]]]:
    rows = (line.split() for line in lines.strip().splitlines())
    return [(int(days), panel, dict(zip(names, values, strict=True))) for days, *values in rows]


# (days ago, panel, values as written), the newest first within each panel
SERIES = [
    *_panel(
        "hba1c",
        ["hba1c"],
        "190 51\n372 50\n560 49\n745 48\n930 48\n1110 47\n1300 46\n1480 47\n1660 46\n1850 45\n2030 46\n2220 48\n"
        "2400 47\n2590 49\n2780 51\n3000 50\n3370 48\n3740 49\n4110 47\n4460 52\n4540 58",
    ),
    *_panel(
        "u_and_e",
        _KIDNEYS,
        """
190 139 4.8 7.9 104 52
372 140 4.5 7.6 101 54
560 138 4.6 7.4 99 56
745 139 4.5 7.1 98 57
1110 140 4.4 6.8 93 61
1480 141 4.3 6.4 89 65
1850 139 4.5 6.2 87 67
2220 140 4.4 6.1 84 70
2590 138 4.2 5.8 81 74
3000 140 4.3 5.6 79 77
3740 141 4.4 5.5 77 80
4460 139 4.3 5.3 75 84
""",
    ),
    *_panel(
        "lipids",
        _FATS,
        """
190 4.1 1.2 2.0 1.9
560 4.2 1.2 2.1 1.8
930 4.4 1.1 2.3 2.0
1300 4.3 1.2 2.2 1.9
1850 4.6 1.1 2.5 2.1
2590 4.9 1.2 2.7 2.0
3370 5.4 1.1 3.2 2.3
4460 6.1 1.1 3.9 2.4
""",
    ),
    *_panel(
        "fbc",
        _COUNT,
        """
11 118 7.2 248 88
190 121 6.9 255 89
745 126 7.1 261 90
1480 129 6.6 250 91
2590 131 7.4 267 90
4460 133 6.8 259 89
""",
    ),
    *_panel("lft", _LIVER, "190 31 88 8 40\n1110 34 84 9 41\n2590 36 91 10 41\n4460 41 86 11 42"),
    *_panel(
        "bp",
        ["systolic", "diastolic"],
        "11 138 84\n44 136 82\n190 138 82\n372 140 84\n560 142 84\n745 144 86\n930 141 83\n1110 145 88\n1300 143 85\n"
        "1480 146 86\n1660 144 84\n1850 148 88\n2030 142 84\n2220 147 87\n2590 150 90\n3000 146 88\n3370 151 92\n"
        "3740 149 88\n4110 152 91\n4460 155 94\n5200 158 96\n6450 164 98",
    ),
    *_panel(
        "weight",
        ["weight"],
        "11 88.4\n190 84.2\n372 83.9\n560 85.1\n745 85.6\n930 86.0\n1110 86.8\n1300 87.2\n1480 87.9\n1850 88.5\n"
        "2220 89.3\n2590 90.1\n3000 91.4\n3740 92.0\n4460 93.6",
    ),
    *_panel("height", ["height"], "4460 163"),
    *_panel("bmi", ["bmi"], "190 31.7\n745 32.2\n1480 33.1\n2590 33.9\n4460 35.2"),
    *_panel("tsh", ["tsh"], "190 2.31\n1480 2.05\n4460 1.98"),
]

# (days ago, who, reason, note)
CONSULTATIONS = [
    (
        11,
        "khan",
        "Ankle swelling and breathlessness",
        "Ankle swelling, orthopnoea. NT-proBNP taken. Referred urgently to heart failure clinic.",
    ),
    (20, "khan", "Knee pain", "Right knee stiff, slower on stairs. Referred to physiotherapy."),
    (21, "hughes", "Foot check", "Callus under both big toes, sensation reduced on the left. Podiatry asked."),
    (44, "hughes", "Blood pressure check", "136/82 sitting. Taking her tablets. Walks to the shop and back."),
    (98, "silva", "Fall", "Slipped in the bathroom, bruised hip, no loss of consciousness. Falls team told."),
    (190, "khan", "Diabetes review", "HbA1c 51. Eats later since living alone. Kidney function a little lower."),
    (256, "khan", "Planning ahead", "ReSPECT form filled in together with her daughter Ruth. Wants to stay at home."),
    (372, "hughes", "Diabetes review", "Feet checked, eyes booked. Would like to lose weight before the spring."),
    (560, "khan", "Medication review", "All repeats needed. Warned about anti-inflammatories and kidneys."),
    (945, "khan", "Kidney function", "Two readings below 60 three months apart: stage 3A recorded. Sick-day advice."),
    (1110, "silva", "Knee pain", "Injection helped for a month only. X-ray: narrowed on the inside."),
    (1710, "khan", "Telephone advice", "Positive test for COVID-19, day three, breathing normally. Safety net given."),
]

# title | author | the years and months in which one came | words | what the GP is asked to do
_CLINIC_LETTERS = """
Diabetic eye screening|banerjee|2014-09 2015-09 2016-09 2017-09 2018-09 2019-09 2020-10 2021-09 2022-09 2023-09 \
2024-09 2025-09|Mild background changes, no maculopathy. Next invitation in a year.|
Diabetes foot clinic|banerjee|2018-05 2019-05 2020-08 2021-05 2022-05 2023-05 2024-05 2025-05|Pulses present. \
Sensation a little reduced on the left.|Yearly foot check
Audiology|osgood|2021-02 2022-02 2023-02 2024-02 2025-02|Hearing aid in the left ear checked. Batteries by post.|
Orthopaedic clinic|osgood|2018-11 2019-06 2021-06 2023-12|Right knee narrowed on the inner side. Exercises first.|
Cervical screening result|banerjee|2013-03 2016-03 2019-03 2022-03|Nothing found. The next invitation follows.|
Breast screening result|banerjee|2020-09 2023-10|The pictures were normal. The next invitation comes in three years.|
Kidney clinic, advice letter|banerjee|2024-06 2025-06|Slow decline. Keep blood pressure below 130/80.|U&E twice a year
Surgical clinic|osgood|2013-07|Gallbladder out, wounds healed. No further appointment.|
"""

# (written on, title, author, words, what the GP is asked to do)
LETTERS = [
    (f"{month}-{4 + (len(title) + int(month[:4])) % 24:02}", title, author, words, [action] if action else [])
    for title, author, months, words, action in (line.split("|") for line in _CLINIC_LETTERS.strip().splitlines())
    for month in months.split()
]
