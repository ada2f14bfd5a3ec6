"""A stand-in for Django's command line: `migrate` and `seed_demo` leave a mark, `shell -c CODE` runs code."""

import os
import sys
from pathlib import Path

command = sys.argv[1]
if command == "shell":
    exec(sys.argv[sys.argv.index("-c") + 1])  # noqa: S102 (the test's own code)
else:
    with (Path(os.environ["GP_DATA_DIR"]) / "calls.txt").open("a") as calls:
        calls.write(" ".join(sys.argv[1:]) + "\n")
