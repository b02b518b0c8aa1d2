from django.apps import AppConfig

class FlagshipConfig(AppConfig):
    def ready(self) -> None: ...
