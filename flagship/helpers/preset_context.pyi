from flagship.context import PresetContext as PresetContext
