"""Decides when a failed request may be retried, from what is known about the first attempt."""


def may_send_again(repeatable, sent, cut, connected, received):
    """Return whether a failed request may be retried immediately.

    The platform may close a kept-alive connection at any moment, even while a request is being
    sent. A failure on a new connection, in contrast, means that the platform has a problem.

    :param bool repeatable: whether the request is idempotent.
    :param bool sent: whether sending began.
    :param bool cut: whether sending was interrupted.
    :param bool connected: whether the connection was made for this request.
    :param bool received: whether any byte of an answer arrived.
    """
    on_kept_connection = sent and not connected and not received
    return on_kept_connection and (repeatable or cut)


def may_have_arrived(sent, cut, connecting, connected):
    """Return whether the platform may have received a failed request; True if nothing is known.

    :param bool connecting: whether it failed while connecting.

    The other parameters are those of :func:`may_send_again`.
    """
    if cut or connecting:
        return False
    return sent or not connected
