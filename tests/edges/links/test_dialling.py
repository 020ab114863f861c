"""How often a dialler knocks, and where."""

import random
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.edges.links.dialer import Addresses, Backoff
from renkei.edges.links.limits import RETRY_JITTER, RETRY_MAX


@given(seed=st.integers())
def test_waits_grow_from_fifty_milliseconds_and_never_pass_the_promise_of_a_second(seed):
    backoff = Backoff(random.Random(seed))
    waits = [backoff.wait() for _ in range(20)]
    for wait, plain in zip(waits, [0.05, 0.1, 0.2, 0.4] + [RETRY_MAX] * 16, strict=True):
        assert plain * (1 - RETRY_JITTER) <= wait <= plain * (1 + RETRY_JITTER)
    assert max(waits) <= 0.6
    backoff.reset()
    assert backoff.wait() <= 0.06


def test_numbers_need_no_resolver(monkeypatch):
    addresses = Addresses()
    assert addresses.next(("127.0.0.1", 9440)) == (socket.AF_INET, ("127.0.0.1", 9440))
    assert addresses.next(("::1", 9440))[0] == socket.AF_INET6


def test_a_name_is_tried_at_each_of_its_addresses_and_kept_when_the_resolver_fails(monkeypatch):
    found = [(socket.AF_INET, 1, 6, "", (f"10.0.0.{n}", 9440)) for n in (1, 2)]

    def resolver(host, port, *, type, flags=0):  # noqa: A002
        if flags or not found:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return list(found)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    addresses = Addresses()
    tried = {addresses.next(("partner.example", 9440))[1][0] for _ in range(2)}
    assert tried == {"10.0.0.1", "10.0.0.2"}
    found.clear()
    assert addresses.next(("partner.example", 9440))[1][0] in tried
    with pytest.raises(socket.gaierror):
        addresses.next(("other.example", 9440))
