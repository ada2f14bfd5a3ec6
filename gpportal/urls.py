"""Every address of the service: path -> view."""

from django.urls import include, path

from gpportal import views
from records.views import entering, letters, opening

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("access.urls")),
    path("patients/", include("records.urls")),
    path("patients/<uuid:patient_id>/", views.one_screen, name="one-screen"),
    path("letters/", letters.inbox, name="letters"),
    path("open/", opening.arrive, name="open"),
    path("open/asked/", opening.asked, name="open-asked"),
    path("still-to-enter/", entering.still_to_enter, name="still-to-enter"),
    path("still-to-enter/<int:item_id>/entered/", entering.tick, name="tick-entered"),
    path("still-to-enter/<int:item_id>/not-entered/", entering.untick, name="untick-entered"),
    path("referrals/", include("referrals.urls")),
    path("", include("work.urls")),
    path("care/", include("socialcare.urls")),
    path("settings/", views.practice_settings, name="settings"),
    path("settings/forms/", include("records.questionnaires.urls")),
    path("fhir/R4/", include("referrals.api.urls")),
    path("", include("exchange.urls")),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
