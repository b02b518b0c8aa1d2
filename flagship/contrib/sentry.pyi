from flagship.hooks import FlagRead, Hook

class SentryHook(Hook):
    def on_flag_read(self, event: FlagRead) -> None: ...
