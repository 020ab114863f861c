"""``renkei label`` and ``renkei policy`` on a node's own files."""

from pathlib import Path

import pytest

from edges.cli.conftest import Renkei, done
from renkei.kernel.labels.presets import policy_file
from renkei.kernel.views.schema import open_reader


@pytest.fixture
def record(couriered: tuple[Path, Path]) -> str:
    """The id of a record of JJOC's."""
    db = open_reader(couriered[1] / "views.db")
    try:
        return str(next(db.execute("SELECT id FROM records WHERE source = '' AND kind = 'unit'"))[0])
    finally:
        db.close()


@pytest.mark.parametrize("form", [(), ("--embedded",)])
def test_a_record_exported_here_is_verified_at_the_partner(
    form: tuple[str, ...], record: str, renkei: Renkei, couriered: tuple[Path, Path], tmp_path: Path
) -> None:
    us, jp = couriered
    out = tmp_path / "item.xml"
    alternative = ("--alternative", "urn:oid:2.999.840.1")
    done(renkei("label", "export", record, out, *form, *alternative, "-d", jp))
    found = done(renkei("label", "import", out, "--to", tmp_path / "copy.json", "--json", "-d", us)).json
    assert (found["record"], found["signer"], found["usable"]) == (record, "jp.jjoc", True)
    assert found["here"].startswith("UNITED STATES//")
    assert record in (tmp_path / "copy.json").read_text("utf-8")
    assert len(found["alternatives"]) == 1


def test_a_record_changed_on_the_way_is_named_with_status_1(
    record: str, renkei: Renkei, couriered: tuple[Path, Path], tmp_path: Path
) -> None:
    us, jp = couriered
    out = tmp_path / "item.xml"
    done(renkei("label", "export", record, out, "-d", jp))
    beside = tmp_path / "item.json"
    beside.write_bytes(beside.read_bytes().replace(b'"by":"', b'"by":"X'))
    said = renkei("label", "import", out, "-d", us)
    assert said.status == 1
    assert "binding.record-changed" in said.err
    beside.unlink()
    assert "file.read" in renkei("label", "import", out, "-d", us).err


def test_what_is_not_ours_or_not_there_is_not_exported(
    renkei: Renkei, couriered: tuple[Path, Path], record: str, tmp_path: Path
) -> None:
    us, _ = couriered
    for wanted, code in ((record, "record.unknown"), ("nonsense", "record.id")):
        said = renkei("label", "export", wanted, tmp_path / "x.xml", "-d", us)
        assert (said.status, code in said.err) == (1, True)
    assert not (tmp_path / "x.xml").exists()


def test_a_policy_is_checked_with_line_and_element(renkei: Renkei, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(policy_file("jp"))
    found = done(renkei("policy", "check", good, "--json")).json
    assert found["id"] == "urn:oid:2.999.392.1"
    assert found["notes"] == []
    bad.write_bytes(policy_file("jp").replace(b'hierarchy="3"', b'hierarchy="two"'))
    said = renkei("policy", "check", bad)
    assert said.status == 1
    assert "<securityClassification>, line" in said.err


def test_explaining_names_the_rule_and_what_would_help(renkei: Renkei, couriered: tuple[Path, Path]) -> None:
    jp = couriered[1]
    told = renkei("policy", "explain", "national", "--partner", "us.usfj", "--json", "-d", jp)
    assert told.status == 1
    assert told.json["code"] == "access.restrictive"
    assert any("NATIONAL" in step.get("change", "") for step in told.json["steps"])
    assert done(renkei("policy", "explain", "national", "--person", "watch", "-d", jp)).out
    assert "usage" in renkei("policy", "explain", "national", "-d", jp).err
    assert "account.unknown" in renkei("policy", "explain", "national", "--person", "x", "-d", jp).err


def test_a_change_of_policy_is_told_before_it_is_made(
    renkei: Renkei, couriered: tuple[Path, Path], tmp_path: Path
) -> None:
    jp = couriered[1]
    old, new = jp / "policy.xml", tmp_path / "new.xml"
    same = done(renkei("policy", "diff", old, old, "--json", "-d", jp)).json
    assert same["records"] > 0
    assert same["shifts"] == []
    new.write_bytes(
        old.read_bytes()
        .replace(b'"UNCLASSIFIED" lacv="1"', b'"OPEN" lacv="1"')
        .replace(b'classification="UNCLASSIFIED"', b'classification="OPEN"')
        .replace(b">UNCLASSIFIED<", b">OPEN<")
    )
    found = done(renkei("policy", "diff", old, new, "--example-count", 2, "--json", "-d", jp)).json
    lost = {s["audience"]: s for s in found["shifts"] if s["change"] == "loses"}
    assert set(lost) == {"us.usfj", "watch"}
    assert "/" in lost["us.usfj"]["examples"][0]
    assert found["unknown_labels"]
    assert "loses" in done(renkei("policy", "diff", old, new, "-d", jp)).out
    other = tmp_path / "us.xml"
    other.write_bytes(policy_file("us"))
    assert "policy.id" in renkei("policy", "diff", old, other, "-d", jp).err
