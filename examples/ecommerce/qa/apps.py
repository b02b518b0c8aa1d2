from django.apps import AppConfig


class QaConfig(AppConfig):
    name = "qa"
    verbose_name = "The demo's part of the QA panel"
