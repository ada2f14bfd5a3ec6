"""gpportal: one screen for shared records and referrals in NHS general practice."""

from gpportal.celery import app as celery_app

__all__ = ["celery_app"]
