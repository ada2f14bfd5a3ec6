"""Market Square Pharmacy: the published BaRS use cases for pharmacies, served exactly (a5t1 to a5t3).

`python -m sandbox.pharmacy --port P --data DIR --gpportal URL [--delay-accept S] [--delay-complete S]`
"""

import sys

from sandbox.bars.names import USE_CASES
from sandbox.partner import Offered, Partner, Step
from sandbox.running import main

PARTNER = Partner(
    ods="FZZ01",
    name="Market Square Pharmacy",
    phone="01632 960301",
    services={
        "9000000301": Offered("9000000301", "Blood pressure check", "Market Square Pharmacy"),
        "9000000302": Offered("9000000302", "Pharmacy First", "Market Square Pharmacy"),
        "9000000303": Offered("9000000303", "Contraception", "Market Square Pharmacy"),
    },
    use_cases=frozenset((USE_CASES, code) for code in ("a5t1", "a5t2", "a5t3")),
    versions=frozenset({"1.0.0-beta", "1.0.0", "1.1.0"}),
    version="1.1.0",
    steps=(Step("accepted", "accept", 5), Step("completed", "complete", 10)),
    reasons_to_reject="The patient could not be reached after three attempts.",
    pharmacy=True,
)

if __name__ == "__main__":
    sys.exit(main(PARTNER))
