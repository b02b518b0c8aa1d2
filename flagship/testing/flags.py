"""Chosen flags for the visitors of a test."""
import inspect
import threading

import six

from flagship import _validation as check
from flagship.testing._stage import STAGE
from flagship.testing.sent import Sent

# Of what only runs after the call, and so after the block: async def, and generators.
_LATER = [getattr(inspect, name)
          for name in ("isgeneratorfunction", "iscoroutinefunction", "isasyncgenfunction")
          if hasattr(inspect, name)]


class flagship_flags(object):
    """Give chosen flags to every visitor while a test runs, without a network, and keep what would
    be sent::

        with flagship_flags({"btn-color": "red"}) as sent:
            ...

    Inside, each visitor that synchronises gets these flags, and no others, whatever it is and
    whenever it was made. The SDK counts as started, with the Config that it was started with
    before, or else a default one; ``Flagship.start`` inside checks its arguments and takes the
    Config's mode, event handler and way of tracking, but reaches nothing: no platform, no visitor
    cache, no disk. An SDK that is offline is not, inside. Afterwards the SDK is as it was before,
    started or not; visitors that were made inside are closed.

    As a decorator it does so around a function, or around each ``test...`` method of a class.
    Blocks may be nested, and one may be entered several times. The flags are the process's: of
    blocks under way in several threads the one that was entered last holds for all.

    A flag's campaign, variation group and variation are ``campaign-KEY``, ``group-KEY`` and
    ``variation-KEY``, and none is the reference.

    :param flags: ``{key: value}``, values text, bool, int, float, dict, list or None; or a callable
        ``(visitor_id, context)`` that returns such a dict for one visitor. What it raises, the
        synchronisation raises.
    :raises TypingError: on flags of another type.
    :raises ParamError: on a value that JSON cannot express.
    """

    def __init__(self, flags):
        # Checked here, where the mistake is, and not when a decorated test runs.
        self._flags = Sent(flags, STAGE.show_panic).flags
        self._entered = []  # (thread, Sent)

    def __enter__(self):
        sent = Sent(self._flags, STAGE.show_panic)
        STAGE.enter(sent)
        self._entered.append((threading.current_thread(), sent))
        return sent

    def __exit__(self, *exc_info):
        here = threading.current_thread()
        own = [each for each in self._entered if each[0] is here] or self._entered
        self._entered.remove(own[-1])
        STAGE.leave(own[-1][1])

    def __call__(self, decorated):
        if inspect.isclass(decorated):
            for name in dir(decorated):
                found = [vars(kind)[name]
                         for kind in inspect.getmro(decorated) if name in vars(kind)]
                if name.startswith("test") and inspect.isfunction(found[0]):
                    setattr(decorated, name, self(found[0]))
            return decorated
        if not callable(decorated) or any(later(decorated) for later in _LATER):
            raise check.typing_error("flagship_flags", "the decorated", decorated,
                                     "a plain function or a class; in a coroutine or generator "
                                     "use `with`")

        @six.wraps(decorated)
        def inside(*args, **kwargs):
            with self:
                return decorated(*args, **kwargs)
        return inside
