from django.urls import path

from work import views

app_name = "work"
urlpatterns = [
    path("settings/deadlines/", views.deadlines, name="deadlines"),
    path("settings/deadlines/<int:limits_id>/take-back/", views.take_back, name="take-back"),
]
