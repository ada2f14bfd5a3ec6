"""Market Square Pharmacy: the published BaRS use cases for pharmacies, served exactly (a5t1 to a5t3).

`python -m sandbox.pharmacy --port P --data DIR --gpportal URL [--delay-accept S] [--delay-complete S]`
"""

import sys

from sandbox.bars.names import OWN_USE_CASES, USE_CASES
from sandbox.partner import Offered, Partner, Step
from sandbox.running import main

HERE = "Market Square Pharmacy"
PHARMACIST = ("Mr", "Samir", "Patel")
SERVICES = (
    Offered("9000000301", "Blood pressure check", HERE, clinician=PHARMACIST),
    Offered("9000000302", "Pharmacy First", HERE, clinician=PHARMACIST),
    Offered("9000000303", "Contraception", HERE, clinician=PHARMACIST),
)

PARTNER = Partner(
    ods="FZZ01",
    name=HERE,
    phone="01632 960301",
    services={one.id: one for one in SERVICES},
    use_cases=frozenset((USE_CASES, code) for code in ("a5t1", "a5t2", "a5t3")),
    versions=frozenset({"1.0.0-beta", "1.0.0", "1.1.0"}),
    version="1.1.0",
    steps=(Step("accepted", "accept", 5), Step("completed", "complete", 10)),
    reasons_to_reject="The patient could not be reached after three attempts.",
    pharmacy=True,
    asks=(OWN_USE_CASES, "pharmacy-to-gp", "Pharmacy to GP (gpportal's own; not published by BaRS)"),
)

if __name__ == "__main__":
    sys.exit(main(PARTNER))
