from django.apps import AppConfig


class GpportalConfig(AppConfig):
    name = "gpportal"
    verbose_name = "The roof"
