"""A link stays up when it can, comes back when it may, and loses and doubles nothing."""

import socket
import threading
import time

import pytest

from edges.links.world import Station, free_port


@pytest.fixture
def pair(station):
    """usfj listens, jjoc dials; the link is up."""
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = usfj.open(jjoc.entry("listen"), port=0)
    jjoc.open(usfj.entry("dial", port))
    jjoc.wait_state("us.usfj", "up")
    usfj.wait_state("jp.jjoc", "up")
    return usfj, jjoc, port


def test_items_pass_both_ways_in_order(pair):
    usfj, jjoc, _ = pair
    jjoc.send("us.usfj", *(b"request %d" % i for i in range(5000)))
    usfj.send("jp.jjoc", b"answer")
    usfj.wait_received(5000)
    jjoc.wait_received(1)
    assert usfj.items.received == jjoc.items.sent
    assert jjoc.items.received == [b"answer"]


def test_a_link_cut_by_hand_stays_cut_and_resumes_within_a_second_of_its_return(pair):
    usfj, jjoc, _ = pair
    usfj.links.switch_off("jp.jjoc", "rehearsal")
    jjoc.wait_state("us.usfj", "down", "link.closed")
    assert usfj.state("jp.jjoc").state == "off"
    assert "rehearsal" in usfj.state("jp.jjoc").last_error
    jjoc.send("us.usfj", b"written during the cut")
    assert usfj.items.received == []
    back = time.monotonic()
    usfj.links.switch_on("jp.jjoc")
    usfj.wait_received(1)
    assert time.monotonic() - back < 1.0


def test_the_dialling_side_can_cut_and_restore_too(pair):
    usfj, jjoc, _ = pair
    jjoc.links.switch_off("us.usfj", "rehearsal")
    usfj.wait_state("jp.jjoc", "down")
    usfj.send("jp.jjoc", b"waiting")
    back = time.monotonic()
    jjoc.links.switch_on("us.usfj")
    jjoc.wait_received(1)
    assert time.monotonic() - back < 1.0


def test_a_restarted_node_is_found_again_within_a_second(pair):
    usfj, jjoc, port = pair
    usfj.close()
    jjoc.wait_state("us.usfj", "down", "link.refused")
    jjoc.send("us.usfj", b"kept")
    usfj.open(jjoc.entry("listen"), port=port)
    back = time.monotonic()
    usfj.wait_received(1)
    assert time.monotonic() - back < 1.0
    assert usfj.items.received == [b"kept"]


def test_a_node_that_starts_late_is_waited_for(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = free_port()
    jjoc.open(usfj.entry("dial", port))
    state = jjoc.wait_state("us.usfj", "down", "link.refused")
    assert state.attempts >= 1
    assert state.next_try_at is not None
    usfj.open(jjoc.entry("listen"), port=port)
    state = jjoc.wait_state("us.usfj", "up")
    assert (state.last_error, state.attempts, state.next_try_at) == ("", 0, None)


def test_a_failing_session_is_named_and_the_link_tries_again(pair, station):
    _usfj, jjoc, _ = pair

    def broken():
        raise RuntimeError("content that must not be shown")

    make, jjoc.make_session = jjoc.make_session, broken
    jjoc.links.switch_off("us.usfj", "x")
    jjoc.links.switch_on("us.usfj")
    state = jjoc.wait_state("us.usfj", "down", "RuntimeError")
    assert "content" not in state.last_error
    jjoc.make_session = make
    jjoc.wait_state("us.usfj", "up")


class Relay:
    """A line between two nodes that can fall silent: bytes vanish and nothing is said to either side."""

    def __init__(self, port: int) -> None:
        self.to, self.silent = port, threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            lost = self.silent.is_set()
            self.open += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b, [lost]), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, lost: list[bool]) -> None:
        try:
            while data := source.recv(65536):
                lost[0] |= self.silent.is_set()  # what was lost is not made up for: the stream is dead
                if not lost[0]:
                    target.sendall(data)
        except OSError:
            pass

    def close(self) -> None:
        for one in (self.server, *self.open):
            one.close()


def test_a_line_that_falls_silent_is_suspected_and_traffic_resumes_within_a_second_of_its_return(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    relay = Relay(usfj.open(jjoc.entry("listen"), port=0))
    jjoc.open(usfj.entry("dial", relay.port))
    jjoc.wait_state("us.usfj", "up")
    relay.silent.set()
    jjoc.send("us.usfj", b"into the silence")
    connection = jjoc.links.link("us.usfj")._current
    jjoc.wait(lambda: connection.suspect, lambda: "suspicion")
    relay.silent.clear()
    back = time.monotonic()
    usfj.wait_received(1)
    assert time.monotonic() - back < 1.0
    assert usfj.items.received == [b"into the silence"]
    relay.close()


def test_a_newer_connection_of_the_same_partner_replaces_the_older(pair):
    usfj, jjoc, port = pair
    older = usfj.links.link("jp.jjoc")._current
    twin = Station.__new__(Station)
    twin.__dict__.update(jjoc.__dict__, links=None, states=[])
    twin.open(usfj.entry("dial", port))
    assert older.ended.wait(5)
    jjoc.links.switch_off("us.usfj", "the twin has taken over")
    twin.wait_state("us.usfj", "up")
    usfj.wait_state("jp.jjoc", "up")
    twin.close()
