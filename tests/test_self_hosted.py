"""The vendor's own Decision API server, as the emulator serves its paths."""
import pytest

from flagship import Config
from flagship.hits import Screen


@pytest.fixture
def hosted(start):
    def hosted(**options):
        return start(decision_api="self-hosted", **options)
    return hosted


def paths(emulator):
    return [each.path.split("?")[0] for each in emulator.requests]


def test_api_mode(emulator, hosted):
    """Decisions and activations arrive at paths without an environment; the server reports the
    context, once."""
    visitor = hosted().create_visitor("ann", context={"vip": True, "fs_secret": 1})
    assert visitor.synchronize_modifications() == (True, "")
    assert visitor.get_modification("cta-color", None) in ("blue", "red")
    assert visitor.activate_modification("cta-color") == (True, "204")
    assert visitor.send_hit(Screen("home")) == (True, "200")
    assert paths(emulator) == ["/v2/campaigns", "/v2/activate", "/collect/"]
    assert [each["s"] for each in emulator.segments] == [{"vip": True}]


def test_contexts_switched_off(emulator, hosted):
    """The server is told not to report them either."""
    visitor = hosted(context_events=False).create_visitor("ann", context={"vip": True})
    visitor.synchronize_modifications()
    assert paths(emulator) == ["/v2/campaigns"] and emulator.segments == []


@pytest.mark.parametrize("tracking", ["immediate", "deferred"])
def test_bucketing_mode(emulator, hosted, tracking):
    """The server decides nothing there, and so the context travels as a hit: it takes no events."""
    flagship = hosted(mode=Config.Mode.BUCKETING, tracking=tracking)
    visitor = flagship.create_visitor("ann", context={"vip": True})
    assert visitor.synchronize_modifications() == (True, "")
    assert flagship.flush(5)
    assert [(each["vid"], each["s"]) for each in emulator.segments] == [("ann", {"vip": True})]
    assert paths(emulator)[1:] == ["/collect/"]


@pytest.mark.parametrize("decision_api", ["self-hosted", "platform"])
def test_an_answer_without_content(emulator, start, decision_api):
    """It means that there are no campaigns for the visitor; flags that it had are gone."""
    visitor = start(decision_api=decision_api).create_visitor("ann")
    visitor.synchronize_modifications()
    assert visitor.modifications
    emulator.misbehave("campaigns", status=204, body="")
    assert visitor.synchronize_modifications() == (True, "") and not visitor.modifications
