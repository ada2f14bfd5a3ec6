"""Celery's way in: `celery -A gpportal worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gpportal.settings")
app = Celery("gpportal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
