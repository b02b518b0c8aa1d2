"""The errors of the SDK: one family, :class:`FlagshipError`."""


class FlagshipError(Exception):
    """The root of every error that the SDK raises.

    :ivar str message: what happened and what is allowed.
    """

    def __init__(self, message):
        super(FlagshipError, self).__init__(message)
        self.message = message


class _ArgumentError(FlagshipError):
    def __init__(self, message, function=None, parameter=None):
        super(_ArgumentError, self).__init__(message)
        self.function = function
        self.parameter = parameter


class TypingError(_ArgumentError, TypeError):
    """An argument of the wrong type.

    :ivar function: name of the call, or None when unknown.
    :ivar parameter: name of the parameter, or None when unknown.
    """


class ParamError(_ArgumentError, ValueError):
    """An argument of the right type that is out of range, or an unknown option.

    :ivar function: name of the call, or None when unknown.
    :ivar parameter: name of the parameter, or None when unknown.
    """


class ContextError(FlagshipError):
    """A pair of key and value that a visitor's context does not take. Only ever logged, never
    raised at a call."""


class InitializationError(FlagshipError):
    """A visitor was asked for before ``Flagship.start``, or after ``Flagship.close``."""


class FlagshipParsingError(FlagshipError):
    """An answer of the platform that is not what it should be. Only ever logged, never raised at a
    call."""
