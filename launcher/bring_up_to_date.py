"""Migrations, then the demonstration: one Python start for all, since a second start must be ready in 10 s.

Run by the virtual environment's Python inside the launch's environment; the only file here that knows Django.
`seed_demo --if-empty` decides itself whether there is anything to do; `--today` renews today's appointments and the
partners' addresses.
"""

import os
import sys


def main() -> int:
    """0 when the database is up to date. A command's own error text is the explanation."""
    import django
    from django.core.management import CommandError, call_command

    django.setup()
    try:
        call_command("migrate", verbosity=0, interactive=False)
        if os.environ.get("GP_DEMO") == "1":
            call_command("seed_demo", if_empty=True)
            call_command("seed_demo", today=True)
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
