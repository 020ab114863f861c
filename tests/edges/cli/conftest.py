"""Commands run in this process, as the console script would run them, on nodes in temporary folders."""

import contextlib
import io
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from renkei.edges.cli.app import run
from renkei.edges.cli.demo import setup
from renkei.edges.cli.demo.processes import Child, stop_all
from renkei.edges.cli.demo.setup import PAIR
from renkei.kernel.accounts import Hashing
from renkei.kernel.labels.presets import demo_clearances, policy_file

PASSWORD = "storm surge miyako"


class Said(NamedTuple):
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document; fails if it is anything else."""
        return msgspec.json.decode(self.out.encode())


Renkei = Callable[..., Said]


def call(*arguments: object, typed: str = "") -> Said:
    """Run one command line; ``typed`` is its standard input."""
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(typed)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run([str(argument) for argument in arguments])
    finally:
        sys.stdin = before
    return Said(status, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Hash passwords at a cost that tests can pay; the nodes that serve are other processes and do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("renkei.kernel.accounts.Hashing", lambda: Hashing(passes=1, lanes=1, memory_kib=1024))
        yield


@pytest.fixture
def renkei(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Renkei:
    """Runs one command line, with nothing of this machine's own settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("RENKEI_DATA", "RENKEI_URL", "RENKEI_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return call


# --- nodes: made once by commands alone, then copied for each test ------------------------------------------


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both policies, and clearances for partners and officers, as an administrator has them."""
    folder = tmp_path_factory.mktemp("files")
    for nation, hq, other in (("us", "us.usfj", "jp.jjoc"), ("jp", "jp.jjoc", "us.usfj")):
        (folder / f"{nation}.xml").write_bytes(policy_file(nation))
        held = demo_clearances(hq)
        (folder / f"{nation}-officer.json").write_bytes(msgspec.json.encode(held.people["officer"]))
        (folder / f"{nation}-partner.json").write_bytes(msgspec.json.encode(held.partners[other]))
    return folder


@pytest.fixture(scope="session")
def made_pair(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nodes that have agreed on each other, with an account each."""
    root, base, prints = tmp_path_factory.mktemp("pair"), free_base(), {}
    for nation, hq, names, place in (
        ("us", "us.usfj", ("U.S. Forces Japan", "在日米軍"), 0),
        ("jp", "jp.jjoc", ("Joint Operations Command", "統合作戦司令部"), 1),
    ):
        data, where = root / nation, ("--policy", files / f"{nation}.xml")
        where += ("--http", f"127.0.0.1:{base + place}", "--link", f"127.0.0.1:{base + 1000 + place}")
        said = call("init", data, "--hq", hq, "--name-en", names[0], "--name-ja", names[1], *where, "--json")
        prints[nation] = said.json["fingerprint"]
        account = ("account", "add", "watch", "--post", f"Watch, {hq}", "--role", "watch-officer")
        clearance = ("--role", "planner", "--clearance", f"@{files / f'{nation}-officer.json'}")
        done(call(*account, *clearance, "--password-stdin", "-d", data, typed=f"{PASSWORD}\n"))
        done(call("card", "--to", files / f"{nation}.card", "-d", data))
    for nation, other in (("us", "jp"), ("jp", "us")):
        card = ("partner", "add", files / f"{other}.card", "--policy", files / f"{other}.xml")
        clearance = ("--clearance", f"@{files / f'{nation}-partner.json'}", "--fingerprint", prints[other])
        done(call(*card, *clearance, "-d", root / nation))
    return root


@pytest.fixture(scope="session")
def made_couriered(made_pair: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pair after one exchange of couriers' files: JJOC's reference data is at USFJ, receipted."""
    root = tmp_path_factory.mktemp("couriered") / "pair"
    shutil.copytree(made_pair, root)
    us, jp, out, back = root / "us", root / "jp", root / "out.courier", root / "back.courier"
    done(call("import", "reference", "--as-account", "watch", "-d", jp))
    done(call("courier", "export", "us.usfj", out, "-d", jp))
    done(call("import", "courier", out, "-d", us))
    done(call("courier", "export", "jp.jjoc", back, "-d", us))
    done(call("courier", "import", back, "-d", jp))
    return root


def done(said: Said) -> Said:
    """``said``, which must have gone well."""
    assert said.status == 0, said
    return said


@pytest.fixture
def pair(made_pair: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the pair: the data folders of USFJ and JJOC."""
    shutil.copytree(made_pair, tmp_path / "pair")
    return tmp_path / "pair" / "us", tmp_path / "pair" / "jp"


@pytest.fixture
def couriered(made_couriered: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the pair that has exchanged couriers' files; these stand beside the two data folders."""
    shutil.copytree(made_couriered, tmp_path / "pair")
    return tmp_path / "pair" / "us", tmp_path / "pair" / "jp"


def free_base() -> int:
    """A port such that it, the next two, and the three 1000 above are free."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            base = int(probe.getsockname()[1])
        if base < 60_000 and all(_free(base + step) for step in (0, 1, 2, 1000, 1001, 1002)):
            return base


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Running(NamedTuple):
    """The first two of the demo's nodes, serving."""

    folder: Path
    base: int

    def url(self, hq: str) -> str:
        return next(side.url(self.base) for side in PAIR if side.hq == hq)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo's pair, made and serving, with nothing played."""
    folder, base = tmp_path_factory.mktemp("nodes") / "demo", free_base()
    setup.make(folder, base, lambda _: None, PAIR)
    children = [Child(side.hq, folder / side.hq, side.url(base)) for side in PAIR]
    try:
        for child in children:
            child.wait_until_well()
        yield Running(folder, base)
    finally:
        stop_all(children)
