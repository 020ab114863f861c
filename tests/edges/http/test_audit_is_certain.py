"""Whatever was logged is in the audit trail, however long the disk took and whoever had given up waiting."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from edges.http.served import Served
from renkei.kernel.audit import AuditTrail
from renkei.kernel.clock import SystemClock
from renkei.kernel.log.memory import MemoryLog


def stalled(served: Served, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold every commit of the master log until the event is set."""
    go, commit = threading.Event(), served.node.master.append_groups

    def waits(*given: Any) -> Any:
        assert go.wait(20)
        return commit(*given)

    monkeypatch.setattr(served.node.master, "append_groups", waits)
    return go


def test_an_append_that_outlasts_its_callers_patience_is_in_the_audit(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renkei.node.node.APPEND_PATIENCE", 0.2)
    go = stalled(served, monkeypatch)
    body = {"text": "late", "label": served.label("open")}
    answer = served.client("watch").post("/log-entries", json=body)
    assert (answer.status_code, answer.json()["code"]) == (500, "log.slow")
    before = served.node.master.size
    go.set()
    wait_until(lambda: served.node.master.size > before)
    logged = served.node.codec.decode(served.node.master.entry(before))
    wait_until(lambda: logged.id in written(served))


def written(served: Served) -> set[str]:
    rows = served.client("admin").get("/audit?limit=500").json()
    return {row["object"] for row in rows if row["action"] == "write_log_entry" and row["outcome"] == "done"}


def wait_until(true: Callable[[], bool]) -> None:
    ended = threading.Event()
    for _ in range(200):
        if true():
            return
        ended.wait(0.05)
    raise AssertionError("it never came true")


def test_what_is_noted_after_the_end_is_written_all_the_same(served: Served) -> None:
    log = MemoryLog("renkei/jp.jjoc/audit")
    trail = AuditTrail(log, SystemClock())
    trail.close()
    trail.done(served.person("watch"), "write_log_entry", "jp.jjoc/x")
    trail.wrote(served.person("watch"), "records.append", 7, 3)
    assert [entry.action for _, entry in trail.newest(10)] == ["records.append", "write_log_entry"]
