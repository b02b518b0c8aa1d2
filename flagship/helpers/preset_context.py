from flagship.context import PresetContext  # noqa: F401
