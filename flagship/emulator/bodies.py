"""Validates request bodies as the Decision API does, whichever SDK sends them: it accepts what
protobuf's JSON format accepts for the vendor's messages. A field name has two spellings, null means
that a field is absent, and an unknown field is rejected. What our SDK may send is narrower; that is
checked by the tests."""
import json

from flagship._compat import integer_types, text_type, to_text
from flagship._json import decode

_MAX_ACTIVATIONS = 100  # in a batch


class Refusal(Exception):
    """An answer that is not 2xx: ``status`` and, for the body, ``message``."""

    def __init__(self, status, message):
        super(Refusal, self).__init__(message)
        self.status, self.message = status, message


def decode_body(content):
    """Return the JSON object in a body (bytes); raise Refusal if it is not one."""
    try:
        body = decode(content)
    except ValueError as error:
        raise Refusal(400, _SYNTAX % "proto: syntax error: %s" % error)
    if not isinstance(body, dict):
        raise Refusal(400, _SYNTAX % "proto: syntax error: it is not an object")
    return body


def decision_request(body):
    """Return the fields of a request for campaigns or flags, by their names in the protocol."""
    return _fields(body, _DECISION)


def event_request(body):
    """Return the fields of a context event, by their names in the protocol."""
    event = _fields(body, _EVENT)
    for name in sorted(_EVENT):
        if event.get(name) in (None, u""):
            raise Refusal(400, _missing([name]))
    if event["type"] != u"CONTEXT":
        raise Refusal(400, _SYNTAX % "proto: invalid value for enum field type")
    return event


def activations(body, env_id):
    """Return the activations in a body, dicts as received; those of a batch get its ``cid``.

    :param env_id: the only environment that is accepted; None: any is.
    """
    if "batch" not in body:
        return [_activation(body, env_id)]
    batch = _fields(body, _ACTIVATION_BATCH)
    named = batch.get("cid")
    if not named or named != (env_id or named):
        raise _wrong_environment(batch)
    if len(batch["batch"]) > _MAX_ACTIVATIONS:
        raise Refusal(400, "batch: at most %d activations" % _MAX_ACTIVATIONS)
    return [_activation(dict(each, cid=each.get("cid") or named), env_id)
            for each in batch["batch"]]


def _activation(body, env_id):
    fields = _fields(body, _ACTIVATION)
    missing = [name for name in _MANDATORY if not fields.get(name)]
    if missing:
        raise Refusal(400, _missing(missing))
    if fields["cid"] != (env_id or fields["cid"]):
        raise _wrong_environment(fields)
    return body


def _wrong_environment(fields):
    if not fields.get("cid"):
        return Refusal(400, _missing(["cid"]))
    return Refusal(400, "cid: environment %s not found" % fields["cid"])


def _missing(names):
    return json.dumps({"status": "error", "errors": dict.fromkeys(names, "Field is mandatory.")},
                      sort_keys=True)


def _text(value):
    return isinstance(value, text_type) and to_text(value) is not None


def _boolean(value):
    return isinstance(value, bool)


def _object(value):
    return isinstance(value, dict)


def _objects(value):
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _count(value):
    """Return whether a value is a 64-bit number to protobuf, which accepts text and numbers."""
    if isinstance(value, text_type):
        return value.isdigit()
    return isinstance(value, integer_types) and not isinstance(value, bool) and value >= 0


# name in the protocol: check of its value, besides null
_DECISION = {"visitor_id": _text, "anonymous_id": _text, "custom_visitor_id": _text,
             "client_id": _text, "campaign_id": _text, "decision_group": _text,
             "default_redirect_url": _text, "trigger_hit": _boolean, "activate": _boolean,
             "format_response": _boolean, "visitor_consent": _boolean, "context": _object}
_EVENT = {"type": _text, "visitor_id": _text, "data": _object}
_ACTIVATION = {"cid": _text, "vid": _text, "caid": _text, "vaid": _text, "aid": _text,
               "cvid": _text, "qt": _count, "qa": _boolean}
_ACTIVATION_BATCH = {"cid": _text, "batch": _objects}
_MANDATORY = ("caid", "cid", "vaid", "vid")

_SYNTAX = "syntax error in body json request. Must be a valid json : %s"


def _camel(name):
    first, _, rest = name.partition("_")
    return first + rest.title().replace("_", "")


def _fields(body, table):
    """Return the fields that a body contains, by their names in the protocol."""
    names = {spelling: name for name in table for spelling in (name, _camel(name))}
    fields = {}
    for key in sorted(body):
        if key not in names:
            raise Refusal(400, 'json body is not valid. proto: unknown field "%s"' % key)
        name = names[key]
        if name in fields:
            raise Refusal(400, _SYNTAX % 'proto: duplicate field "%s"' % key)
        if body[key] is None and name != "batch":
            continue
        if not table[name](body[key]):
            raise Refusal(400, _SYNTAX % 'proto: invalid value for field "%s"' % key)
        fields[name] = body[key]
    return fields
