from django.urls import path

from exchange.api import views

app_name = "exchange"
urlpatterns = [
    path("fhir/R4/$process-message", views.process_message, name="process-message"),
    path("fhir/R4/metadata", views.metadata, name="metadata"),
    path("fhir/R4/.well-known/smart-configuration", views.smart_configuration, name="smart-configuration-of-base"),
    path("fhir/", views.nothing_here, name="nothing-here"),
    path("fhir/<path:path>", views.nothing_here, name="nothing-there"),
    path(".well-known/smart-configuration", views.smart_configuration, name="smart-configuration"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
    path("oauth2/token", views.token, name="token"),
]
