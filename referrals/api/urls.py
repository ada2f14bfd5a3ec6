from django.urls import path

from referrals.api import views

app_name = "referrals-api"
urlpatterns = [
    path("ServiceRequest", views.service_requests, name="service-requests"),
    path("ServiceRequest/<str:request_id>", views.service_request, name="service-request"),
    path("Appointment", views.appointments, name="appointments"),
    path("Appointment/<str:request_id>", views.appointment, name="appointment"),
]
