"""The peer of a link: PostgreSQL logical replication with a row filter, in two temporary clusters.

Both clusters live in a temporary folder, listen on a socket in it and nowhere else, and are stopped when the
``with`` block is left.  Settings are PostgreSQL's own but for three, all in its favour: logical replication
on, room in the write-ahead log so that no checkpoint falls into a run, and a subscriber that tries again
after 0.1 s instead of 5 s.  A row counts as delivered when the subscriber shows it, though by default it is
not yet on its disk then, and nothing was verified or signed for.  The server refuses to run as root; there
its programs run as the user ``postgres`` that the package makes.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

HOW_TO_INSTALL = "apt-get install -y postgresql"
PORT = 54320
"""Names the socket file in the temporary folder; nothing listens on the network."""
COMMAND_SECONDS = 180.0
CATCH_UP_SECONDS = 300.0
SETTINGS = (
    "wal_level=logical",
    "max_wal_size=8GB",
    "checkpoint_timeout=30min",
    "wal_retrieve_retry_interval=100ms",
    "listen_addresses=",
)
LOOK_SECONDS = 0.05
TRANSACTION_ROWS = 1_000
SHARED, OWN = "JPN USA", "USA"
"""What a row is releasable to; the filter lets the first through."""
FILTER = f"releasable = '{SHARED}'"


def programs() -> Path | None:
    """Where the server's programs are (newest version), or None if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Cluster:
    """One server with its data in ``folder``."""

    def __init__(self, programs: Path, folder: Path, name: str, port: int) -> None:
        self._programs, self._folder, self.port = programs, folder, port
        self._data = folder / name
        self._run("initdb", "--auth=trust", "--username=postgres", "--pgdata", str(self._data))
        options = " ".join(f"-c {setting}" for setting in SETTINGS)
        started = ["--options", f"{options} -p {port} -k {folder}", "--log", str(folder / f"{name}.log")]
        self._run("pg_ctl", "start", "--wait", "--pgdata", str(self._data), *started)

    def sql(self, text: str) -> str:
        """Run statements, each by itself; the last one's value."""
        said = self._run("psql", *self._client(), "-c", text)
        return said.strip().splitlines()[-1] if said.strip() else ""

    def script(self, path: Path) -> None:
        """Run a file of statements."""
        self._run("psql", *self._client(), "--file", str(path))

    def stop(self) -> None:
        """End the server."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--pgdata", str(self._data))

    def _client(self) -> tuple[str, ...]:
        options = ("--quiet", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
        return (*options, f"--host={self._folder}", f"--port={self.port}", "--username=postgres", "postgres")

    def _run(self, program: str, *arguments: str) -> str:
        command = [*as_postgres(), str(self._programs / program), *arguments]
        # Files, not pipes: pg_ctl's server would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as wrong:
            done = subprocess.run(
                command, stdout=said, stderr=wrong, cwd=self._folder, timeout=COMMAND_SECONDS, check=False
            )
            wrong.seek(0)
            assert done.returncode == 0, (program, wrong.read()[-2000:])
            said.seek(0)
            return said.read()


def as_postgres() -> list[str]:
    """What goes before a command where this process may not run it itself."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


class Replication:
    """A publisher and a subscriber of one table, its rows filtered by label."""

    def __init__(self, folder: Path, publisher: Cluster, subscriber: Cluster) -> None:
        self._folder, self.publisher, self.subscriber = folder, publisher, subscriber
        columns = "seq bigint PRIMARY KEY, releasable text NOT NULL, entry bytea NOT NULL"
        for cluster in (publisher, subscriber):
            cluster.sql(f"CREATE TABLE records ({columns})")
        publisher.sql(f"CREATE PUBLICATION link FOR TABLE records WHERE ({FILTER})")
        address = f"host={folder} port={publisher.port} user=postgres dbname=postgres"
        subscriber.sql(f"CREATE SUBSCRIPTION link CONNECTION '{address}' PUBLICATION link")
        self._next = 0

    def cut(self) -> None:
        """The outage: the subscriber stops following."""
        self.subscriber.sql("ALTER SUBSCRIPTION link DISABLE")

    def fill(self, rows: Iterable[tuple[str, bytes]]) -> int:
        """Commit ``rows`` (releasable to, entry) at the publisher, a thousand at a time; how many pass."""
        path = self._folder / "rows.sql"
        with path.open("w") as file:
            for place, (releasable, entry) in enumerate(rows, self._next):
                if (place - self._next) % TRANSACTION_ROWS == 0:
                    file.write("" if place == self._next else "\\.\n")
                    file.write("COPY records FROM STDIN;\n")
                file.write(f"{place}\t{releasable}\t\\\\x{entry.hex()}\n")
                last = place
            file.write("\\.\n")
        self._next = last + 1
        self.publisher.script(path)
        path.unlink()
        return int(self.publisher.sql(f"SELECT count(*) FROM records WHERE {FILTER}"))

    def catch_up(self, rows: int) -> float:
        """Let the subscriber follow; seconds until it shows the last one, ``rows`` in all."""
        last = self.publisher.sql(f"SELECT max(seq) FROM records WHERE {FILTER}")
        begun = time.perf_counter()
        self.subscriber.sql("ALTER SUBSCRIPTION link ENABLE")
        while self.subscriber.sql(f"SELECT count(*) FROM records WHERE seq = {last}") != "1":
            assert time.perf_counter() - begun < CATCH_UP_SECONDS, "the subscriber does not catch up"
            time.sleep(LOOK_SECONDS)
        took = time.perf_counter() - begun
        arrived = int(self.subscriber.sql("SELECT count(*) FROM records"))
        assert arrived == rows, f"{arrived} of {rows} rows arrived"
        return took


@contextlib.contextmanager
def replication() -> Iterator[Replication | None]:
    """A running pair, or None where PostgreSQL is not installed."""
    where = programs()
    if where is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="pg-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
        clusters = []
        for place, role in enumerate(("publisher", "subscriber")):
            clusters.append(Cluster(where, folder, role, PORT + place))
            stack.callback(clusters[-1].stop)
        yield Replication(folder, *clusters)
