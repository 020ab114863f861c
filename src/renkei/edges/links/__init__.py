"""Links: the same frames over mutually authenticated TLS, or in a courier's file.

``Links`` is every link of a node.  ``LinkDialer`` and ``LinkListener`` are its two sides, each partner's
``Link`` is what can be watched and switched, and the exchange itself is a session of ``kernel/partners``.
"""

from .courier import Envelope, check_direction, peek_courier_file, read_courier_file, write_courier_file
from .dialer import LinkDialer
from .link import Link, OnEvents, OnState, SessionFactory
from .links import Links
from .listener import LinkListener

__all__ = [
    "Envelope",
    "Link",
    "LinkDialer",
    "LinkListener",
    "Links",
    "OnEvents",
    "OnState",
    "SessionFactory",
    "check_direction",
    "peek_courier_file",
    "read_courier_file",
    "write_courier_file",
]
