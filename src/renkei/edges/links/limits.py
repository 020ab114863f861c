"""Every limit of a link, with its reason.  Times are in seconds.

What the times promise together: *traffic resumes within one second of a link's return, however long
the cut*.  A cut that the system reports (refused, reset) is retried at most ``RETRY_MAX`` (and its
jitter) after the return.  A silent cut (packets vanish) is suspected after ``SUSPECT_AFTER`` of
silence; from then on a new attempt sets out every ``RETRY_MAX`` while earlier ones still wait, so that
the first packet to get through opens the link.  A cut too short to be suspected is bridged by TCP's own
repetition (RFC 6298: after about 0.2, 0.6, 1.4 and 3 s on a short line): the longest wait is after a cut of
just over 1.4 s, which suspicion, at 2.25 s at the latest, ends.
"""

RETRY_FIRST = 0.05
"""Before the second attempt: most cuts are a restart of the partner's node, back at once."""
RETRY_FACTOR = 2.0
"""Each wait is twice the one before, up to RETRY_MAX: five tries in the first second."""
RETRY_MAX = 0.5
"""The longest wait between attempts.  Two connection attempts a second cost nothing on any link, and
with jitter (0.6) a connection and a handshake still fit into the promised second."""
RETRY_JITTER = 0.2
"""Waits vary by this share either way, so that many links do not knock in step."""
STABLE_AFTER = 5.0
"""A link must have been up this long before the waits start again at RETRY_FIRST: a partner that
greets and hangs up is not asked twenty times a second."""
ATTEMPT_PATIENCE = 5.0
"""How long one attempt may take (connect and handshake): three round trips by geostationary satellite
(0.6 s each) and one repeated packet."""
ATTEMPTS_AT_ONCE = 12
"""ATTEMPT_PATIENCE over the shortest RETRY_MAX (0.4): so many can wait together, never more."""
RESOLVE_EVERY = 30.0
"""How old a name's addresses may be before they are looked up again, beside the attempts."""

HANDSHAKE_PATIENCE = 5.0
"""How long a caller may take over its handshake: as long as our own dialer gives an attempt."""
HANDSHAKES_AT_ONCE = 32
"""Callers not yet authenticated.  One more, and the oldest of them is hung up on: strangers that keep
silent cannot keep a partner out, and the overlapping attempts of two partners on a dead line fit in."""
ACCEPT_PAUSE = 0.1
"""Before accepting again when the system has no room for another socket or thread."""
BACKLOG = 32
"""Callers the system keeps waiting before ``accept``."""

FIRST_WORDS = 5.0
"""How long after the handshake the partner may take to greet; opening its logs takes milliseconds."""
TICK_EVERY = 0.25
"""How often a session is told the time; pings and silences are measured in multiples of it."""
SUSPECT_AFTER = 2.0
"""Silence (pings included) after which the dialer tries another connection beside the first."""
SILENCE_MAX = 15.0
"""Silence after which a connection is given up: a partner's disk may stall for seconds, not for more."""
REPLACE_PATIENCE = 10.0
"""How long a newer connection waits for the older one's last write to disk before it is hung up."""

READ_BYTES = 1024 * 1024
"""Most bytes taken in at once, and so verified and committed together: large enough that a flush to
disk is shared by thousands of records, small enough that pings and receipts go out in between."""
WRITE_BYTES = 1024 * 1024
"""Most bytes sent before reading again, for the same reason."""
