from django.apps import AppConfig


class SocialCareConfig(AppConfig):
    name = "socialcare"
    verbose_name = "Social care"
