from typing import Any

app_name: str
urlpatterns: list[Any]
