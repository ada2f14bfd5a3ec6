"""Northern Infirmary: gpportal's own, labelled GP-to-hospital use case (BaRS publishes none).

`python -m sandbox.hospital --port P --data DIR --gpportal URL [--delay-accept S] [--delay-book S] [--delay-letter S]`
"""

import sys

from sandbox.bars.names import OWN_USE_CASES
from sandbox.partner import LetterWords, Offered, Partner, Step
from sandbox.running import main

NAME = "Northern Infirmary"

HEART_FAILURE = LetterWords(
    diagnoses=("Chronic heart failure, under review", "Referred with: {reason}"),
    summary=(
        "Seen in the heart failure clinic with echocardiogram and electrocardiogram on the same day.",
        "Left ventricular function is mildly reduced. The patient was not fluid overloaded when examined.",
    ),
    medicines=(
        "No medicine was stopped in clinic.",
        "Suggested: increase the beta blocker by one step after four weeks if the pulse stays above 60 per minute.",
    ),
    actions=(
        "Please check urea, electrolytes and creatinine in two weeks.",
        "Please review blood pressure, pulse and weight in four weeks.",
    ),
    told=(
        "Weigh yourself each morning; ring the heart failure nurse if you gain 2 kg in three days.",
        "A written care plan and the clinic's telephone number were given.",
    ),
)
CARDIOLOGY = LetterWords(
    diagnoses=("{reason}", "No evidence of acute coronary disease"),
    summary=("Seen in the cardiology clinic. Electrocardiogram at rest was normal; a 24-hour recording was fitted.",),
    medicines=("No changes.",),
    actions=("Please continue yearly blood pressure and cholesterol checks.",),
    told=("Call 999 for chest pain that lasts more than 15 minutes.", "Results of the recording will follow by post."),
)
DERMATOLOGY = LetterWords(
    diagnoses=("{reason}", "Benign on dermoscopy"),
    summary=("Seen in the skin clinic and examined with a dermatoscope. No biopsy was needed.",),
    medicines=("Emollient as often as wanted; no prescription medicine was changed.",),
    actions=("Please refer again if the lesion grows, bleeds or changes colour.",),
    told=("How to look after the skin in the sun, and which changes to show to a doctor.",),
)
LOWER_GI = LetterWords(
    diagnoses=("{reason}", "No cancer was found"),
    summary=(
        "Seen on the urgent suspected cancer pathway. Colonoscopy to the caecum was complete and showed no growth.",
        "The patient has been taken off the urgent pathway.",
    ),
    medicines=("No changes.",),
    actions=("Please repeat the full blood count and ferritin in eight weeks.",),
    told=("The result was given in person: no cancer was found.", "Go to your GP if bleeding or weight loss returns."),
)
PHYSIOTHERAPY = LetterWords(
    diagnoses=("{reason}",),
    summary=("Assessed and treated in the physiotherapy department; movement is improving and aims were met.",),
    medicines=("No changes.",),
    actions=("None. Please refer again if function gets worse.",),
    told=("A programme of home exercises, with pictures, was given and practised.",),
)

SERVICES = (
    Offered(
        *("9000000201", "Heart failure clinic", f"Clinic 4, {NAME}", "10:20", 30),
        clinician=("Dr", "Laura", "Fenn"),
        letter=HEART_FAILURE,
    ),
    Offered(
        *("9000000202", "Cardiology", f"Clinic 2, {NAME}", "09:40", 20),
        clinician=("Dr", "Owen", "Tarrant"),
        letter=CARDIOLOGY,
    ),
    Offered(
        *("9000000203", "Dermatology", f"Skin Centre, {NAME}", "14:10", 15),
        clinician=("Dr", "Ines", "Okoro"),
        letter=DERMATOLOGY,
    ),
    Offered(
        *("9000000204", "Lower GI suspected cancer", f"Endoscopy Unit, {NAME}", "08:50", 60),
        clinician=("Miss", "Harriet", "Vale"),
        letter=LOWER_GI,
    ),
    Offered(
        *("9000000205", "Physiotherapy", f"Therapies, Level 1, {NAME}", "11:30", 40),
        clinician=("Mr", "Tomasz", "Brandt"),
        letter=PHYSIOTHERAPY,
    ),
)

PARTNER = Partner(
    ods="RZZ01",
    name=NAME,
    phone="01632 960200",
    services={service.id: service for service in SERVICES},
    use_cases=frozenset({(OWN_USE_CASES, "gp-to-hospital")}),
    versions=frozenset({"1.0.0"}),
    version="1.0.0",
    steps=(Step("accepted", "accept", 5), Step("booked", "book", 10), Step("letter", "letter", 15)),
    lets_read=True,
    asks=(OWN_USE_CASES, "hospital-to-gp", "Hospital to GP (gpportal's own; not published by BaRS)"),
    reasons_to_reject="This service cannot help with the problem described. Please consider advice and guidance first.",
)

if __name__ == "__main__":
    sys.exit(main(PARTNER))
