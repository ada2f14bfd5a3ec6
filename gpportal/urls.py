"""Every address of the service: path -> view."""

from django.urls import include, path

from gpportal import views
from records.views import letters

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("access.urls")),
    path("patients/", include("records.urls")),
    path("patients/<uuid:patient_id>/", views.one_screen, name="one-screen"),
    path("letters/", letters.inbox, name="letters"),
    path("referrals/", include("referrals.urls")),
    path("care/", include("socialcare.urls")),
    path("", include("exchange.urls")),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
