"""Addresses under /patients/. Each panel has its own; no address names a template."""

from django.urls import path

from records import letter_views, views

app_name = "records"
urlpatterns = [
    path("", views.find, name="find"),
    path("to-check/", views.to_check, name="to-check"),
    path("<uuid:patient_id>/panel/problems/", views.problems, name="problems"),
    path("<uuid:patient_id>/panel/medicines/", views.medicines, name="medicines"),
    path("<uuid:patient_id>/panel/allergies/", views.allergies, name="allergies"),
    path("<uuid:patient_id>/panel/results/", views.results, name="results"),
    path("<uuid:patient_id>/panel/timeline/", views.timeline_panel, name="timeline-panel"),
    path("<uuid:patient_id>/panel/letters/", letter_views.letters_panel, name="letters-panel"),
    path("<uuid:patient_id>/problems/past/", views.past_problems, name="past-problems"),
    path("<uuid:patient_id>/medicines/past/", views.past_medicines, name="past-medicines"),
    path("<uuid:patient_id>/results/", views.all_results, name="all-results"),
    path("<uuid:patient_id>/results/<uuid:result_id>/", views.one_test, name="one-test"),
    path("<uuid:patient_id>/timeline/", views.timeline_page, name="timeline"),
    path("<uuid:patient_id>/letters/", letter_views.all_letters, name="all-letters"),
    path("<uuid:patient_id>/letters/<uuid:letter_id>/", letter_views.letter, name="letter"),
    path("<uuid:patient_id>/letters/<uuid:letter_id>/files/<int:number>/", letter_views.file, name="letter-file"),
]
