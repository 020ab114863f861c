"""Every command explains itself, and every wrong command line is told what was expected."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from edges.cli.conftest import Renkei
from renkei.edges.cli.app import app, run


def commands(at: App, chain: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, groups of commands included."""
    for name in at:
        if name.startswith("-"):
            continue
        yield (*chain, name)
        yield from commands(at[name], (*chain, name))


ALL = sorted(commands(app))


@pytest.mark.parametrize("chain", ALL, ids=" ".join)
def test_every_command_has_help_that_tells_all_its_parameters(chain: tuple[str, ...], renkei: Renkei) -> None:
    said = renkei(*chain, "--help")
    assert said.status == 0
    assert f"renkei {' '.join(chain)}" in said.out
    leaf = app
    for name in chain:
        leaf = leaf[name]
    for argument in leaf.assemble_argument_collection(parse_docstring=True) if leaf.default_command else ():
        if argument.show and argument.name not in {"--json"}:
            assert argument.parameter.help, f"{argument.name} of {' '.join(chain)} says nothing of itself"


def test_no_arguments_show_the_main_path(renkei: Renkei) -> None:
    said = renkei()
    assert said.status == 0
    places = [
        said.out.index(f"renkei {word}") for word in ("demo", "init", "partner add", "serve", "request")
    ]
    assert places == sorted(places)


def test_the_version_is_told(renkei: Renkei) -> None:
    said = renkei("--version")
    assert said.status == 0
    assert said.out.strip()[0].isdigit()


def test_the_promised_commands_are_there() -> None:
    names = {" ".join(chain) for chain in ALL}
    wanted = {"init", "serve", "demo", "status", "request", "incident", "openapi", "views rebuild", "card"}
    wanted |= {"log verify", "log show", "log export", "partner add", "partner list", "partner queue"}
    wanted |= {"partner verify", "import jma", "import reference", "import courier", "courier export"}
    assert wanted <= names


WRONG = (
    ("nonsense",),
    ("init",),
    ("init", "x", "--hq"),
    ("serve", "extra"),
    ("status", "--what"),
    ("card", "--to"),
    ("account", "add", "watch"),
    ("account", "add", "w", "--post", "p", "--role", "king", "--clearance", "{}"),
    ("account", "password"),
    ("account", "disable"),
    ("partner", "add"),
    ("partner", "add", "card", "--connect", "fly"),
    ("partner", "queue"),
    ("partner", "verify"),
    ("partner", "link", "jp.jjoc", "sideways", "--reason", "r"),
    ("log", "show"),
    ("log", "show", "master", "--limit", "0"),
    ("log", "show", "master", "--from", "-1"),
    ("log", "export", "master"),
    ("log", "check", "file"),
    ("views", "fold"),
    ("key", "renew", "now"),
    ("sign-in", "http://127.0.0.1:1"),
    ("request", "send", "jp.jjoc", "title"),
    ("request", "send", "jp.jjoc", "t", "--need", "n", "--answer-in", "0"),
    ("request", "answer", "id", "perhaps"),
    ("request", "progress", "id", "nearly"),
    ("incident", "open"),
    ("incident", "open", "title", "--severity", "bad"),
    ("incident", "close", "id"),
    ("import", "reference", "--as-account", "planner", "--nation", "fr"),
    ("import", "courier"),
    ("courier", "export", "jp.jjoc"),
    ("demo", "--port-base", "80"),
    ("openapi", "--to"),
)


@pytest.mark.parametrize("line", WRONG, ids=" ".join)
def test_a_wrong_command_line_is_status_2_and_says_where_help_is(
    line: tuple[str, ...], renkei: Renkei
) -> None:
    said = renkei(*line)
    assert said.status == 2
    assert said.out == ""
    assert "--help" in said.err
    assert "expected" in said.err
    told = renkei(*line, "--json")
    assert told.status == 2
    assert set(told.json["error"]) == {"code", "expected", "came"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str) -> None:
    script = app.generate_completion(shell=shell)  # type: ignore[arg-type]
    for chain in ALL:
        assert chain[-1] in script


def test_nothing_is_imported_for_help_that_only_a_node_needs(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from renkei.edges.cli.app import run; run(['--help']); print('litestar' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
    )
    assert done.stdout.strip().endswith("False")


def test_a_broken_pipe_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    closed = []
    monkeypatch.setattr("renkei.edges.cli.app.app", broken)
    monkeypatch.setattr("sys.stderr.close", lambda: closed.append(True), raising=False)
    assert run(["status"]) == 1
    assert closed


def test_a_fault_of_ours_is_still_one_json_document(monkeypatch: pytest.MonkeyPatch, renkei: Renkei) -> None:
    def fails(*_: object, **__: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("renkei.edges.cli.app.app", fails)
    said = renkei("status", "--json")
    assert (said.status, said.json["error"]["code"]) == (1, "cli.fault")
    assert "Traceback" in said.err
