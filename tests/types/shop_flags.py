# Made by "flagship types", which writes it anew: do not edit.
# flake8: noqa
"""The flags that Flagship's campaigns set."""
import typing

if typing.TYPE_CHECKING:
    from flagship.visitor import Visitor

_Value = typing.TypeVar("_Value")


class Flag(typing.Generic[_Value]):
    """A flag.

    :ivar key: its key.
    :ivar default: what a visitor without the flag gets.
    """

    def __init__(self, key: str, default: _Value) -> None:
        self.key = key
        self.default = default

    def read(self, visitor: "Visitor", activate: bool = False,
             default: typing.Optional[_Value] = None) -> _Value:
        """Return the visitor's value.

        :param activate: whether to report that the visitor has seen it.
        :param default: in place of the flag's own; None: that one.
        """
        return visitor.get_modification(
            self.key, self.default if default is None else default, activate)


BANNER_TITLE: Flag[str] = Flag("banner_title", "")
CTA_COLOR: Flag[str] = Flag("cta_color", "#1a1a2e")
CTA_LABEL: Flag[str] = Flag("cta_label", "")
CTA_SIZE: Flag[float] = Flag("cta_size", 14)
DISCOUNT_PERCENT: Flag[int] = Flag("discount_percent", 0)
FREE_DELIVERY_FROM: Flag[float] = Flag("free_delivery_from", 75)
HOME_SECTIONS: Flag[typing.List[typing.Any]] = Flag("home_sections", ["hero", "recommendations", "news"])
MENU_POSITION: Flag[str] = Flag("menu_position", "top")
ONE_PAGE_CHECKOUT: Flag[bool] = Flag("one_page_checkout", False)
RECOMMENDATIONS: Flag[typing.Dict[str, typing.Any]] = Flag("recommendations", {"size": 4, "source": "best-sellers"})
