"""Addresses under /settings/forms/."""

from django.urls import path

from records.views import forms

app_name = "forms"
urlpatterns = [
    path("", forms.listed, name="forms"),
    path("take-in/", forms.take_in, name="take-in"),
    path("<int:form_id>/", forms.one, name="form"),
    path("<int:form_id>/take-in/", forms.take_in_next, name="take-in-next"),
    path("<int:form_id>/<int:number>/preview/", forms.preview, name="preview"),
    path("<int:form_id>/<int:number>/start/", forms.start, name="start"),
    path("<int:form_id>/<int:number>/again/", forms.again, name="again"),
    path("<int:form_id>/<int:number>/form.json", forms.export, name="export"),
]
