"""``renkei command paths`` and ``simulate`` from the outside."""

from pathlib import Path

import msgspec
import pytest

from edges.cli.conftest import Renkei
from renkei.data import packaged


def test_the_example_is_marked_synthetic_and_cautions_in_both_languages(renkei: Renkei) -> None:
    for command in (("paths",), ("simulate", "--runs", "3", "--requests", "100")):
        said = renkei("command", *command, "--example")
        assert said.status == 0, said.err
        for text in ("SYNTHETIC", "架空", "does not predict minutes", "予測するものではありません"):
            assert text in said.out


def test_the_same_seed_prints_the_same_document(renkei: Renkei) -> None:
    line = ("command", "simulate", "--example", "--runs", "3", "--requests", "100", "--json")
    first, again, other = renkei(*line), renkei(*line), renkei(*line, "--seed", "2")
    assert first.out == again.out != other.out
    found = msgspec.json.decode(first.out)
    assert found["synthetic"] is True
    assert "today/relief/decide" in found["assumed"]
    for one in found["result"]["differences"]:
        assert (one["low"] <= 0 <= one["high"]) == (one["winner"] == "none")


def test_a_file_against_itself_has_no_winner(renkei: Renkei, tmp_path: Path) -> None:
    raw = msgspec.toml.decode(packaged("paths/example.toml"))
    path = tmp_path / "same.json"
    path.write_bytes(msgspec.json.encode(raw | {"proposed": raw["today"]}))
    said = renkei("command", "simulate", str(path), "--runs", "3", "--requests", "100")
    assert said.status == 0
    assert said.out.count("no winner") == 2
    assert "優劣なし" in said.out


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('post = "theatre"', 'post = "nowhere"', "paths.post"),
        ("mean = 15.0", 'mean = "long"', "paths.form"),
        ('from = "08:00"', 'from = "8"', "paths.duty"),
        ("back = 0.1", "back = 1.0", "paths.number"),
        ('to = "assess"', 'to = "review"', "paths.back"),
        ("per_day = 6.0", "per_day = 0.0", "paths.rate"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    renkei: Renkei, tmp_path: Path, old: str, new: str, code: str
) -> None:
    text = packaged("paths/example.toml").decode()
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    said = renkei("command", "paths", str(path))
    assert said.status == 1
    assert code in said.err


def test_everything_wrong_with_a_file_is_named_at_once(renkei: Renkei, tmp_path: Path) -> None:
    text = packaged("paths/example.toml").decode()
    path = tmp_path / "wrong.toml"
    path.write_text(
        text.replace('post = "theatre"', 'post = "nowhere"', 1).replace("hop = 5.0", "hop = -5.0"), "utf-8"
    )
    said = renkei("command", "paths", str(path))
    assert said.status == 1
    assert "step decide of relief of today: expected posts of the structure; nowhere came" in said.err
    assert said.err.count("hop -5") == text.count("hop = 5.0")
    found = msgspec.json.decode(renkei("command", "paths", str(path), "--json").out)
    assert len(found["error"]["faults"]) == 1 + text.count("hop = 5.0")


def test_neither_a_file_nor_the_example_is_refused(renkei: Renkei) -> None:
    assert "a FILE or --example" in renkei("command", "paths").err
    assert "several" in renkei("command", "paths", "--example", "--reference").err


def test_the_documented_case_has_nothing_but_assumed_times(renkei: Renkei) -> None:
    found = msgspec.json.decode(renkei("command", "paths", "--reference", "--json").out)
    raw = msgspec.toml.decode(packaged("paths/reference.toml"))
    steps = [s for side in ("today", "proposed") for path in raw[side]["paths"].values() for s in path]
    assert len(found["assumed"]) == len(steps)
    assert found["assumptions"]
    assert found["today"]["paths"][0]["worst"] > found["proposed"]["paths"][0]["worst"]
