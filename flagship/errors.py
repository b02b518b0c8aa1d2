"""The SDK's exceptions, all derived from :class:`FlagshipError`."""


class FlagshipError(Exception):
    """The base class of every error that the SDK raises.

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
    """A key or value that is not valid in a visitor's context. Only ever logged, never raised to
    the caller."""


class InitializationError(FlagshipError):
    """A visitor was requested before ``Flagship.start``, or after ``Flagship.close``."""


class FlagshipParsingError(FlagshipError):
    """A malformed response from the platform. Only ever logged, never raised to the caller."""
