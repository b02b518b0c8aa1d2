"""When a request may go twice: functions of what is known of the first one."""


def may_send_again(repeatable, sent, cut, connected, received):
    """Whether a failed request may be sent once more at once.

    The platform may close a kept connection at any moment, and so while a request is on its way;
    a failure on a new connection is the platform's.

    :param bool repeatable: whether it does no harm that the platform receives it twice.
    :param bool sent: whether sending began.
    :param bool cut: whether sending broke off.
    :param bool connected: whether the connection was made for it.
    :param bool received: whether any byte of an answer came.
    """
    on_kept_connection = sent and not connected and not received
    return on_kept_connection and (repeatable or cut)


def may_have_arrived(sent, cut, connecting, connected):
    """Whether the platform may have received a failed request.

    :param bool connecting: whether it failed while a connection was made.

    The others are as above. Where nothing is known, it may have.
    """
    if cut or connecting:
        return False
    return sent or not connected
