from django.urls import path

from exchange import metrics
from exchange.api import definitions, views
from exchange.desk import mailboxes
from exchange.desk import views as desk
from exchange.directory import views as services
from exchange.partnering import views as partners

app_name = "exchange"
urlpatterns = [
    path("metrics", metrics.metrics, name="metrics"),
    path("exchange/", desk.desk, name="desk"),
    path("exchange/part/", desk.desk_part, name="desk-part"),
    path("exchange/several/", desk.several, name="desk-several"),
    path("exchange/<slug:direction>/<uuid:message_id>/", desk.message, name="desk-message"),
    path("exchange/<slug:direction>/<uuid:message_id>/part/", desk.message_part, name="desk-message-part"),
    path("exchange/<slug:direction>/<uuid:message_id>/sealed/", desk.sealed, name="desk-sealed"),
    path("exchange/<slug:direction>/<uuid:message_id>/<slug:name>/", desk.act, name="desk-act"),
    path("exchange/partners/<int:partner_id>/switch/", desk.switch, name="desk-switch"),
    path("exchange/partners/", partners.listed, name="partners"),
    path("exchange/partners/new/", partners.edit, name="new-partner"),
    path("exchange/partners/<int:partner_id>/", partners.one, name="partner"),
    path("exchange/partners/<int:partner_id>/edit/", partners.edit, name="edit-partner"),
    path("exchange/partners/<int:partner_id>/flow/", partners.switch, name="switch-flow"),
    path("exchange/partners/<int:partner_id>/ask/", partners.ask, name="ask-partner"),
    path("exchange/partners/<int:partner_id>/test/", partners.test, name="test-partner"),
    path("exchange/partners/<int:partner_id>/test/part/", partners.test_part, name="test-part"),
    path("settings/services/", services.listed, name="services"),
    path("settings/services/file/", services.take_in, name="take-in-services"),
    path("settings/services/<slug:service_id>/", services.details, name="service"),
    path("settings/services/<slug:service_id>/favourite/", services.favourite, name="favourite"),
    path("exchange/mailboxes/<int:mailbox_pk>/ask/", mailboxes.ask, name="desk-ask-mesh"),
    path("fhir/R4/$process-message", views.process_message, name="process-message"),
    path("fhir/R4/MessageDefinition", definitions.message_definition, name="message-definition"),
    path("fhir/R4/metadata", views.metadata, name="metadata"),
    path("fhir/R4/.well-known/smart-configuration", views.smart_configuration, name="smart-configuration-of-base"),
    path("fhir/", views.nothing_here, name="nothing-here"),
    path("fhir/<path:path>", views.nothing_here, name="nothing-there"),
    path(".well-known/smart-configuration", views.smart_configuration, name="smart-configuration"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
    path("oauth2/token", views.token, name="token"),
]
