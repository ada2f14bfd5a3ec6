"""A kind of thing that only the tests know."""

from work.days import Limit
from work.rules import Rules

RULES = Rules(
    concerns="errand",
    title="Errands",
    one="errand",
    many="errands",
    stages={"go": "Gone", "come": "Come back"},
    priorities={"slow": "Slow", "quick": "Quick"},
    limits={
        (priority, stage): limit
        for priority, factor in (("slow", 5), ("quick", 1))
        for stage, limit in {
            "go": Limit(factor),
            "come": Limit(7 * factor, working=False),
            "warn": Limit(1),
            "second": Limit(1),
            "manager": Limit(3),
        }.items()
    },
)
