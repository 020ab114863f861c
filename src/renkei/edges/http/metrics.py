"""Counts and latencies for Prometheus, without content.

Kept in plain attributes, because the hot path adds to them; the text is written when asked for.
Nothing here is broken down by label, kind, account or partner record: a figure that moves when
something withheld arrives would tell of it.
"""

from bisect import bisect_left

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; from a commit's best time to where a person has given up."""
CONTENT_TYPE = "text/plain; version=0.0.4"


class Timing:
    """A histogram of seconds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    def lines(self, name: str, says: str) -> list[str]:
        """As Prometheus text."""
        out = [f"# HELP {name} {says}", f"# TYPE {name} histogram"]
        running = 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self.counts, strict=True):
            running += count
            out.append(f'{name}_bucket{{le="{bound}"}} {running}')
        return [*out, f"{name}_sum {self.total:.6f}", f"{name}_count {running}"]


class Metrics:
    """What one node's HTTP edge counts."""

    def __init__(self) -> None:
        self.append_seconds = Timing()
        self.request_seconds = Timing()
        self.answers = [0] * 6
        self.records = 0
        self.refused = 0
        self.streams = 0
        self.stream_events = 0
        self.stream_resets = 0

    def appended(self, count: int, seconds: float) -> None:
        """``count`` records became durable ``seconds`` after they had been checked."""
        self.records += count
        self.append_seconds.observe(seconds)

    def answered(self, status: int, seconds: float) -> None:
        """One request through the framework."""
        self.answers[min(status // 100, 5)] += 1
        self.request_seconds.observe(seconds)

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """All of it, with ``gauges`` (name: what it says, value) beside."""
        lines = self.append_seconds.lines("renkei_append_seconds", "From checked to durable, per request")
        lines += self.request_seconds.lines("renkei_request_seconds", "Requests through the framework")
        lines += ["# HELP renkei_answers_total Answers by class", "# TYPE renkei_answers_total counter"]
        lines += [f'renkei_answers_total{{class="{n}xx"}} {self.answers[n]}' for n in range(1, 6)]
        for name, says, value in (
            ("renkei_records_appended_total", "Records appended by programs", self.records),
            ("renkei_appends_refused_total", "Appends refused", self.refused),
            ("renkei_stream_events_total", "Events sent to streams", self.stream_events),
            ("renkei_stream_resets_total", "Streams told to fetch anew", self.stream_resets),
        ):
            lines += [f"# HELP {name} {says}", f"# TYPE {name} counter", f"{name} {value}"]
        for name, (says, number) in {**gauges, "renkei_streams": ("Open streams", self.streams)}.items():
            lines += [f"# HELP {name} {says}", f"# TYPE {name} gauge", f"{name} {number}"]
        return "\n".join(lines) + "\n"
