"""A stand-in for the application: as small as gunicorn and Celery allow."""

import os

from gpportal.celery import app

if "GP_BREAK" in os.environ:
    raise RuntimeError("told to break")

__all__ = ["app"]
