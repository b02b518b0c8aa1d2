from flagship.hits import Event, EventCategory, Hit, HitType, Item, Page, Screen, Transaction  # noqa: F401
