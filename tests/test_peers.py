"""benchmarks/peers.py times nobody whose answers are wrong."""
import sys
import zlib

import pytest

if sys.version_info < (3,):
    pytest.skip("the comparison with others runs on Python 3 only", allow_module_level=True)

from benchmarks.contenders import floor
from benchmarks.contenders.worker import FLAGS, Wrong, check
from benchmarks.peers_report import markdown


def right(flag, user, country):
    """The side of a flag's split that a user is on."""
    return "ab"[zlib.crc32((flag + user).encode("ascii")) // 7 % 2] if country == "fr" else "none"


# What is wrong with the sides, None being a flag that does not come, and what is said of it.
WRONG = [
    (lambda flag, user, country: "none", "for a matching user"),
    (lambda flag, user, country: "a" if flag == FLAGS[0] else None, "1 of 100"),
    (lambda flag, user, country: right(FLAGS[0], user, country), "not independent"),
    (lambda flag, user, country: right(flag, user, "fr"), "does not match"),
    (lambda flag, user, country: "a" if right(user, flag, country) == "a"
     else right(flag, user, country), "halves")]


def calls(side):
    """A contender's three calls, by the side of a split that it gives."""
    def everything(user, country):
        return {flag: side(flag, user, country)
                for flag in FLAGS if side(flag, user, country) is not None}

    def one(user, country):
        return side(FLAGS[0], user, country)
    return everything, one, lambda user, country: lambda: one(user, country)


def test_right_answers_pass(tmpdir):
    check(*floor.start(FLAGS, str(tmpdir)))
    check(*calls(right))


@pytest.mark.parametrize("side, said", WRONG, ids=[said for _, said in WRONG])
def test_wrong_answers_are_refused(side, said):
    with pytest.raises(Wrong) as caught:
        check(*calls(side))
    assert said in str(caught.value)


def test_one_who_cannot_be_measured_is_named():
    """The page lists a contender that could not be set up, with the reason."""
    facts = {"floor": {"recording": "-", "version": "mmh3 5", "python": "3.11",
                       "microseconds": {name: [2.0, 1.0, 30.0]
                                        for name in ("all", "one", "known")}},
             "theirs": {"recording": "off", "reason": "no wheel for this Python"}}
    page = markdown({"contenders": facts, "date": "2026-11-24", "rounds": 3,
                     "machine": "a machine"}, "this", "floor")
    assert "| floor | 2.00 | 1.00 | 30.0 | - | 1.00 |" in page
    assert "Not measured: theirs: no wheel for this Python" in page
