"""A first tour of the SDK: two visitors of a shop, their flags, and what is reported about them.

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
        return use_platform(env_id, api_key) if env_id else use_emulator()
    except Failed as failure:
        print("Failed: %s" % failure, file=sys.stderr)
        return 1


def use_platform(env_id, api_key):
    print("API mode: the real platform decides.\n")
    visit_shop(env_id, api_key, Config.Mode.API, tell)
    print("What the platform received is in your account's reports.")
    return 0


def use_emulator():
    # requests would send loopback addresses through a proxy too, where the environment names one.
    os.environ["no_proxy"] = Emulator.host
    with Emulator(CAMPAIGNS) as emulator:
        print("API mode: the platform decides; here its emulator, with campaigns.json.\n")
        decided = visit_shop(emulator.env_id, emulator.api_key, Config.Mode.API, tell,
                             **emulator.urls)
        print_received(emulator)

        print("BUCKETING mode: this process decides, with the same campaigns.")
        again = visit_shop(emulator.env_id, emulator.api_key, Config.Mode.BUCKETING,
                           **emulator.urls)
    print("Both visitors get the same flags." if decided == again else "The flags differ!")
    return 0 if decided == again else 1


def visit_shop(env_id, api_key, mode, tell=None, **urls):
    """Everything that a shop does with the SDK, once.

    :param tell: called with the guest, the customer and whether the customer kept its button, once
        both have their flags.
    :return: the flags of both: ``{key: (value, variation id)}``.
    """
    # No copy of the campaigns on disk and no polling: the script ends at once. The longer timeout
    # is for slow machines; a web application wants it short.
    config = Config(mode=mode, timeout=5.0, bucketing_file=None, polling_interval=0, **urls)
    # Leaving the block closes the SDK, so that all that was sent has arrived.
    with Flagship.instance() as flagship:
        flagship.start(env_id, api_key, config)
        guest, (customer, kept) = make_guest(flagship), make_customer(flagship, mode)
        if tell is not None:
            tell(guest, customer, kept)
        for visitor in (guest, customer):
            activate(visitor)
        send_hits(guest, customer)
        return [{key: (flag.value, flag.variation_id)
                 for key, flag in visitor.modifications.items()} for visitor in (guest, customer)]


def make_guest(flagship):
    """A visitor who stays anonymous."""
    guest = flagship.create_visitor(GUEST,
                                    context={"country": "BE", PresetContext.DEVICE_TYPE: "mobile"})
    expect(guest.synchronize_modifications())
    return guest


def make_customer(flagship, mode):
    """A visitor who looks around first and then logs in.

    :return: the visitor, and whether its button stayed the same.
    """
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
    return customer, customer.get_modification_info("cta_label") == before


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


def tell(guest, customer, kept):
    """The flags of the guest and of the customer."""
    print("%s, in Belgium and on a phone, gets" % plain(guest.visitor_id))
    print_flags(guest)
    print("%s, in France with a cart of 89.90, logs in as %s," % (
        plain(customer.anonymous_id), plain(customer.visitor_id)))
    print("%s the variation of the button, and gets" % ("keeps" if kept else "changes"))
    print_flags(customer)


def print_flags(visitor):
    if not visitor.modifications:
        print("    no flags: no campaign of this account targets this visitor")
    for key, flag in sorted(visitor.modifications.items()):
        said = json.dumps(flag.value, sort_keys=True)
        if flag.value is None:
            # The default is for a flag that the visitor lacks, and for one whose value is null.
            said += ", so the shop's default: " + json.dumps(
                visitor.get_modification(key, "Add to cart"))
        print("    %-18s  %s" % (plain(key), plain(said)))
    print()


def print_received(emulator):
    """What an account's reports are made of."""
    print("The platform received %d contexts, %d activations and %d hits:" % (
        len(emulator.context_events), len(emulator.activations), len(emulator.hits)))
    for hit in emulator.hits:
        # On a hit the anonymous id stays the visitor, and the customer's id is added.
        print("    %-11s  %-13s  %s" % (hit["t"], hit.get("cuid", hit["vid"]),
                                        HIT_LINES[hit["t"]].format(**hit)))
    print()


# By the names that the facts have on the wire.
HIT_LINES = {
    "PAGEVIEW": "{dl}",
    "SCREENVIEW": "{dl}, {sr}, {ul}",
    "EVENT": "{ec}: {ea}, {el}, {ev}",
    "TRANSACTION": "{tid}: {tr} {tc}, paid by {pm}",
    "ITEM": "{tid}: {iq} x {in}, {ip} each",
}


def plain(text):
    """Text that every terminal and every pipe takes."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


if __name__ == "__main__":
    sys.exit(main())
