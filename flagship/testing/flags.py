"""Sets the flags that visitors get in a test."""
import inspect
import threading

import six

from flagship import _validation as check
from flagship.testing._stage import STAGE
from flagship.testing.sent import Sent

# Predicates for functions whose body runs after the call, and so after the block: coroutines and
# generators.
_LATER = [getattr(inspect, name)
          for name in ("isgeneratorfunction", "iscoroutinefunction", "isasyncgenfunction")
          if hasattr(inspect, name)]


class flagship_flags(object):
    """Gives the chosen flags to every visitor while a test runs, without a network, and records
    what would be sent::

        with flagship_flags({"btn-color": "red"}) as sent:
            ...

    Inside the block, each visitor that synchronises gets exactly these flags, whatever its context
    and whenever it was created. The SDK counts as started, with the Config that it already runs
    with, or else a default one. ``Flagship.start`` inside the block checks its arguments and uses
    the Config's mode, event handler and tracking mode, but accesses nothing external: no platform,
    no visitor cache, no disk. ``Config(offline=True)`` has no effect inside. Afterwards the SDK is
    as it was before, started or not; visitors that were created inside are closed.

    As a decorator it wraps a function, or each ``test...`` method of a class. Blocks may be nested,
    and the same one may be entered several times. The flags apply to the whole process: if several
    threads are inside blocks, the block that was entered last applies to all of them.

    A flag's campaign, variation group and variation are ``campaign-KEY``, ``group-KEY`` and
    ``variation-KEY``, and no variation is the reference. A visitor that is forced these
    (:meth:`flagship.visitor.Visitor.force_variations`) has the same value, and as always with what
    is forced, its activations are not sent; any other variation is ignored with a log line.

    :param flags: ``{key: value}``, with values that are text, bool, int, float, dict, list or None;
        or a callable ``(visitor_id, context)`` that returns such a dict for one visitor. An
        exception that it raises is raised by the synchronisation.
    :raises TypingError: on flags of another type.
    :raises ParamError: on a value that JSON cannot represent.
    """

    def __init__(self, flags):
        # Checked here, where the error is, and not when a decorated test runs.
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
