"""Celery looks for Django's settings since the launcher names them."""

INSTALLED_APPS: list[str] = []
USE_TZ = True
