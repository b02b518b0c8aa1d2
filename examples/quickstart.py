"""A first tour of the SDK: two visitors of a shop, their flags, and everything that is reported
about them.

    python examples/quickstart.py

Without further settings it brings its own platform, the emulator, with the campaigns in
campaigns.json beside it, and needs no network. With FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY in the
environment it talks to the real platform instead.
"""
from __future__ import print_function

import json
import logging
import os
import sys

try:
    from flagship import Config, Flagship
    from flagship.context import PresetContext
    from flagship.emulator import Emulator
    from flagship.hits import Event, EventCategory, Item, Page, Screen, Transaction
except ImportError as missing:
    sys.exit("The SDK is not installed for this Python: python -m pip install . in the checkout "
             "does it (%s)." % missing)

CAMPAIGNS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "campaigns.json")

# One run each; then the decisions are compared.
MODES = [Config.Mode.API, Config.Mode.BUCKETING]

# Fixed ids, so that every run gives the same result. Without an id a visitor gets a random one.
GUEST = "guest-58207"
CUSTOMER_BEFORE_LOGIN = "guest-77129"
CUSTOMER = "customer-1042"


class Failed(Exception):
    """A call of the SDK did not succeed; the text says which and why."""


def main():
    # The SDK says nothing unless it is asked to; this shows its warnings and errors, on stderr.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    env_id, api_key = os.environ.get("FLAGSHIP_ENV_ID"), os.environ.get("FLAGSHIP_API_KEY")
    if bool(env_id) != bool(api_key):
        print("Set both FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY, or neither.", file=sys.stderr)
        return 2
    try:
        if env_id:
            decisions = [run_on_platform(mode, env_id, api_key) for mode in MODES]
        else:
            decisions = [run_on_emulator(mode) for mode in MODES]
    except Failed as failure:
        print("Failed: %s" % failure, file=sys.stderr)
        return 1
    # On a real account the modes may differ on purpose: only API mode knows experience continuity.
    return 0 if same(decisions) or env_id else 1


def run_on_platform(mode, env_id, api_key):
    """One run on the real platform."""
    print("%s mode, on the real platform. Hits and activations go to your account's reports."
          % mode.value)
    decisions = run(mode, env_id, api_key)
    print("What the platform received is in your account; this script cannot see it.\n")
    return decisions


def run_on_emulator(mode):
    """One run on an emulator of its own, and what that received."""
    # requests would send loopback addresses through a proxy too, where the environment names one.
    os.environ["no_proxy"] = Emulator.host
    print("%s mode, on the emulator with %s." % (mode.value, os.path.basename(CAMPAIGNS)))
    with Emulator(CAMPAIGNS) as emulator:
        decisions = run(mode, emulator.env_id, emulator.api_key, **emulator.urls)
        print_received(emulator)
    return decisions


def run(mode, env_id, api_key, **urls):
    """Everything that a shop does with the SDK, once.

    :return: ``{visitor: {flag: (value, variation id)}}``, with the same visitors in every mode.
    """
    # No copy of the campaigns on disk and no polling: the script ends at once. The longer time-out
    # is for slow machines; a web application wants it short.
    config = Config(mode=mode, timeout=5.0, bucketing_file=None, polling_interval=0, **urls)
    # Leaving the block closes the SDK, so that all that was sent has arrived.
    with Flagship.instance() as flagship:
        flagship.start(env_id, api_key, config)
        guest, customer = a_guest(flagship), a_customer(flagship, mode)
        visitors = [("guest", guest), ("customer", customer)]
        print_flags([visitor for _, visitor in visitors])
        for _, visitor in visitors:
            # The default is for a flag that the visitor lacks, and for one whose value is null.
            label = visitor.get_modification("cta_label", "Add to cart")
            print("%s sees the button: %s" % (plain(visitor.visitor_id), plain("%s" % label)))
        print()
        for _, visitor in visitors:
            activate(visitor)
        send_hits(guest, customer)
        return {name: {key: (flag.value, flag.variation_id)
                       for key, flag in visitor.modifications.items()}
                for name, visitor in visitors}


def a_guest(flagship):
    """A visitor who stays anonymous."""
    guest = flagship.create_visitor(GUEST,
                                    context={"country": "BE", PresetContext.DEVICE_TYPE: "mobile"})
    expect(guest.synchronize_modifications())
    return guest


def a_customer(flagship, mode):
    """A visitor who looks around first and then logs in."""
    customer = flagship.create_visitor(CUSTOMER_BEFORE_LOGIN,
                                       context={"country": "FR", "cart_value": 89.9})
    expect(customer.synchronize_modifications())
    before = customer.get_modification_info("cta_label")
    customer.update_context({"vip": True, "orders": 23})
    if mode is Config.Mode.API:
        # By its id alone this customer would get another button; experience continuity keeps the
        # guest's.
        customer.authenticate(CUSTOMER)
    expect(customer.synchronize_modifications())
    if before is not None and customer.anonymous_id is not None:
        kept = customer.get_modification_info("cta_label") == before
        print("\n%s logged in as %s and %s the variation of the button." % (
            plain(customer.anonymous_id), plain(customer.visitor_id),
            "keeps" if kept else "changes"))
    return customer


def activate(visitor):
    """Report that a visitor saw its variations: one flag of each is enough."""
    seen = set()
    for key, flag in sorted(visitor.modifications.items()):
        if flag.variation_id not in seen:
            seen.add(flag.variation_id)
            expect(visitor.activate_modification(key))


def send_hits(guest, customer):
    """One hit of each kind."""
    expect(guest.send_hit(Page("https://shop.example.com/shoes/trail-42")))
    expect(guest.send_hit(Screen("Size guide").with_resolution(390, 844).with_locale("fr-BE")))
    expect(customer.send_hit(
        Event(EventCategory.ACTION_TRACKING,
              "add-to-cart").with_event_label("trail-42").with_event_value(89)))
    # The transaction first, then its items.
    expect(customer.send_hit(
        Transaction("order-20431",
                    "Purchase").with_total_revenue(94.8).with_shipping_cost(4.9).with_taxes(15.8)
        .with_currency("EUR").with_payment_method("card").with_shipping_method(
            "standard").with_item_count(1)
        .with_coupon_code("WELCOME")))
    expect(customer.send_hit(
        Item("order-20431", "Trail shoe 42", "TS-42-BLACK").with_price(89.9).with_item_quantity(1)
        .with_item_category("shoes")))


def expect(result):
    """Stop where a call did not succeed. An application would go on: its flags have defaults."""
    success, log = result
    if not success:
        raise Failed(log)


def print_flags(visitors):
    rows = [("visitor", "flag", "value", "campaign", "variation")]
    for visitor in visitors:
        for key, flag in sorted(visitor.modifications.items()):
            variation = flag.variation_id + (" (reference)" if flag.reference else "")
            rows.append((visitor.visitor_id, key, json.dumps(flag.value, sort_keys=True),
                         flag.campaign_id, variation))
    print()
    print_table(rows)
    if len(rows) == 1:
        print("(no flags: no campaign of this account targets these visitors)")
    print()


def print_received(emulator):
    """What an account's reports are made of."""
    contexts, activations, hits = emulator.context_events, emulator.activations, emulator.hits
    print("The platform received %d context events, %d activations and %d hits:\n"
          % (len(contexts), len(activations), len(hits)))
    rows = [("context", event["visitorId"], json.dumps(event["data"], sort_keys=True))
            for event in contexts]
    rows += [("activation", identity(each["vid"], each.get("aid")),
              "variation %s of group %s" % (each["vaid"], each["caid"])) for each in activations]
    # On a hit the anonymous id stays the visitor, and the customer's id is added.
    rows += [
        (hit["t"], identity(hit.get("cuid", hit["vid"]), hit["vid"] if "cuid" in hit else None),
         HIT_LINES[hit["t"]].format(**hit)) for hit in hits]
    print_table(rows)
    print()


# By the names that the facts have on the wire.
HIT_LINES = {
    "PAGEVIEW": "{dl}",
    "SCREENVIEW": "{dl}, {sr}, {ul}",
    "EVENT": "{ec}: {ea}, {el}, {ev}",
    "TRANSACTION": "{tid}, {ta}: {tr} {tc} with {ts} for {sm} delivery, {icn} item, paid by {pm}, "
                   "coupon {tcc}",
    "ITEM": "{tid}: {iq} x {in}, {ic}, {iv}, {ip} each",
}


def identity(visitor_id, anonymous_id):
    return visitor_id if anonymous_id is None else "%s (%s)" % (visitor_id, anonymous_id)


def same(decisions):
    """Whether all runs gave the visitors the same flags; says so where there is something to
    compare."""
    if len(decisions) == 1:
        return True
    first, equal = decisions[0], True
    for mode, other in zip(MODES[1:], decisions[1:]):
        for visitor in sorted(first):
            for key in sorted(set(first[visitor]) | set(other[visitor])):
                if first[visitor].get(key) != other[visitor].get(key):
                    equal = False
                    print("%s and %s mode differ for the %s's %s"
                          % (MODES[0].value, mode.value, visitor, plain(key)))
    if equal:
        print("%s mode gave the same flags." % " and ".join(mode.value for mode in MODES))
    return equal


def print_table(rows):
    rows = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def plain(text):
    """Text that every terminal and every pipe takes."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


if __name__ == "__main__":
    sys.exit(main())
