from flagship.hits import (  # noqa: F401
    Event, EventCategory, Hit, HitType, Item, Page, Screen, Transaction)
