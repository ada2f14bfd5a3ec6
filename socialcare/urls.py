from django.urls import URLPattern

app_name = "socialcare"
urlpatterns: list[URLPattern] = []
