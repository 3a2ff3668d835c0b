"""The events that the journal stores, in order: its source of truth. Every table is a projection of them.

Class and field names are part of the stored format: fields are added with a default, never renamed or removed.
"""

from rebalancer.events.account import (
    Adopted,
    Armed,
    DailyLossHit,
    Disarmed,
    Halted,
    HaltLifted,
    Restated,
    SettingChanged,
    WrittenOff,
)
from rebalancer.events.orders import (
    FillSeen,
    OrderAbsent,
    OrderAccounted,
    OrderAnswered,
    OrderIntended,
    OrderLost,
    OrderResent,
    OrderSeen,
)
from rebalancer.events.run import (
    BotDecided,
    BotFailed,
    Holding,
    HoldingsRead,
    Noted,
    PlanMade,
    PricesTaken,
    RunEnded,
    RunRequest,
    RunTakenUp,
    TargetsSet,
)

__all__ = [
    "Adopted",
    "Armed",
    "BotDecided",
    "BotFailed",
    "DailyLossHit",
    "Disarmed",
    "Event",
    "FillSeen",
    "HaltLifted",
    "Halted",
    "Holding",
    "HoldingsRead",
    "Noted",
    "OrderAbsent",
    "OrderAccounted",
    "OrderAnswered",
    "OrderIntended",
    "OrderLost",
    "OrderResent",
    "OrderSeen",
    "PlanMade",
    "PricesTaken",
    "Restated",
    "RunEnded",
    "RunRequest",
    "RunTakenUp",
    "SettingChanged",
    "TargetsSet",
    "WrittenOff",
]

Event = (
    HoldingsRead
    | PricesTaken
    | BotDecided
    | BotFailed
    | TargetsSet
    | PlanMade
    | OrderIntended
    | OrderAnswered
    | OrderAbsent
    | OrderResent
    | OrderLost
    | OrderSeen
    | FillSeen
    | Noted
    | RunEnded
    | RunTakenUp
    | DailyLossHit
    | Halted
    | HaltLifted
    | Armed
    | Disarmed
    | OrderAccounted
    | SettingChanged
    | Adopted
    | Restated
    | WrittenOff
)
