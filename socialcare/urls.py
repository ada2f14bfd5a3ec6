"""Addresses under /care/."""

from django.urls import path

from socialcare import views

app_name = "socialcare"
urlpatterns = [
    path("", views.caseload, name="caseload"),
    path("<uuid:patient_id>/", views.summary, name="summary"),
    path("<uuid:patient_id>/parts/", views.parts, name="parts"),
    path("<uuid:patient_id>/panel/", views.panel, name="panel"),
    path("<uuid:patient_id>/seen/", views.seen, name="seen"),
]
