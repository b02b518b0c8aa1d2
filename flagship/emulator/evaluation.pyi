from typing import TypedDict, type_check_only

CONFIDENCE: float
MIN_CONVERSIONS: int
MIN_BUYERS: int
EARLY: str
BETTER: str
WORSE: str
OPEN: str

@type_check_only
class _Compared(TypedDict):
    verdict: str
    uplift: float | None
    low: float | None
    high: float | None
    p: float | None

def compare_rates(converted: int, visitors: int, reference: tuple[int, int]) -> _Compared: ...
def compare_means(
    sample: tuple[int, int, float, float], reference: tuple[int, int, float, float]
) -> _Compared: ...
def t_test(t: float, freedom: float) -> float: ...
