from flagship.hits import (
    Event as Event,
    EventCategory as EventCategory,
    Hit as Hit,
    HitType as HitType,
    Item as Item,
    Page as Page,
    Screen as Screen,
    Transaction as Transaction,
)
