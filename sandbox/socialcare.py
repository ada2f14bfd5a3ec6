"""Cityview Adult Social Care: gpportal's own, labelled use case from GP to adult social care.

No current FHIR R4 standard for these was found: the national assessment, discharge and withdrawal notices (ADW,
SCCI2075) are FHIR DSTU2 and deprecated. Ours is the BaRS message with a use case and a ServiceRequest profile of our
own, which a receiver must agree to. As with those notices the authority must accept or reject; later it tells the
outcome and sends a notice.

`python -m sandbox.socialcare --port P --data DIR --gpportal URL [--delay-accept S] [--delay-outcome S]
[--delay-notice S]`
"""

import sys

from sandbox.bars.names import OWN_USE_CASES
from sandbox.partner import LetterWords, Offered, Partner, Step
from sandbox.running import main

NAME = "Cityview Adult Social Care"

NOTICE = LetterWords(
    kind=("229059009", "Report", "notice of assessment outcome"),
    headings=("Needs found", "Assessment", "Equipment and medicines help", "Actions for GP", "Told to the person"),
    diagnoses=("{reason}", "Needs help with washing, dressing and preparing meals"),
    summary=(
        "Assessed at home under the Care Act 2014 together with the person's daughter.",
        "The person is eligible for care and support. There is no concern about safety at home at present.",
    ),
    medicines=("Prompts for medicines are part of the morning visit.",),
    actions=("Please tell us when the person is admitted to or discharged from hospital.",),
    told=("A copy of the care and support plan was left in the home.", "The telephone number of the duty team."),
)
SERVICES = (
    Offered(
        *("9000000401", "Care needs assessment", f"At home, by {NAME}", "10:00", 90),
        clinician=("Mr", "Peter", "Adeyemi"),
        letter=NOTICE,
        outcome="Assessed and eligible: two visits a day, mornings and evenings, from Monday.",
    ),
)

PARTNER = Partner(
    ods="VZZ01",
    name=NAME,
    phone="01632 960200",
    services={service.id: service for service in SERVICES},
    use_cases=frozenset({(OWN_USE_CASES, "gp-to-social-care")}),
    versions=frozenset({"1.0.0"}),
    version="1.0.0",
    steps=(Step("accepted", "accept", 5), Step("outcome", "outcome", 15), Step("letter", "notice", 10)),
    reasons_to_reject="The person lives in another council's area. Please refer to the council where they live.",
)

if __name__ == "__main__":
    sys.exit(main(PARTNER))
