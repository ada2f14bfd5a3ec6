"""Writes the demonstration practice as NDJSON: python -m gpportal.demonstration --to DIR [--today 2026-11-23]."""

import argparse
import sys
from datetime import date, datetime
from pathlib import Path

from gpportal.demonstration import write

parser = argparse.ArgumentParser(prog="gpportal.demonstration", description=__doc__)
parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="where the NDJSON files go")
parser.add_argument("--today", type=date.fromisoformat, default=None, metavar="DAY", help="default: the current day")
options = parser.parse_args()
for source, count in write(options.to, options.today or datetime.now().astimezone().date()).items():
    sys.stdout.write(f"{options.to / source}.ndjson {count}\n")
