from django.urls import path

from access import views

app_name = "access"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("help/keys/", views.keys, name="keys"),
    path("choose-role/", views.choose_role, name="choose-role"),
]
