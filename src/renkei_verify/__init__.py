"""A verifier that stands alone: exported logs, cards and evidence, checked by nothing but public keys.

It shares no line with the node: written from ``docs/protocol`` (log.md, identity.md, link.md) on
the standard library and ``cryptography``, so that a third party can read it in an hour, and so that a fault
in one implementation is found by the other.  ``python -m renkei_verify --help`` tells what it can do.

    files ─▶ ``logs`` (entries) ─▶ ``trees`` (RFC 6962)
    cards ─▶ ``cards`` (keys)  ─▶ ``notes`` (C2SP checkpoints, receipts)  ─▶ ``checks`` ─▶ ``evidence``
    notices ─▶ ``revocations`` (which keys ended when)
"""
