"""``renkei command show``, ``diff`` and ``check`` from the outside."""

from pathlib import Path

import msgspec
import pytest

from edges.cli.conftest import Renkei
from renkei.data import packaged


def test_the_example_is_marked_synthetic_and_says_what_does_not_hold_in_both_languages(
    renkei: Renkei,
) -> None:
    said = renkei("command", "check", "--example")
    assert said.status == 1
    for text in (
        "SYNTHETIC",
        "架空",
        "above the ceiling",
        "上限を超過",
        "cause / 原因: centre",
        "日付次第: 3",
    ):
        assert text in said.out, text


def test_a_report_is_one_document_and_the_same_each_time(renkei: Renkei) -> None:
    first, again = (renkei("command", "check", "--example", "--json") for _ in range(2))
    assert first.out == again.out
    results = {result["rule"]: result for result in first.json["report"]["results"]}
    gap = next(f for f in results["hand-over"]["findings"] if f["outcome"] == "refuted")
    assert (gap["since"], gap["until"]) == ({"day": "2027-03-01"}, {"day": "2027-04-01"})
    assert gap["branches"] == ["authority=2b"]
    assert gap["cause"] == {"changes": ["opcon leaves before 2b"], "how": "smallest"}
    assert gap["repair"]["to"] == "2027-04-01"


def test_the_documented_case_is_checked(renkei: Renkei) -> None:
    found = renkei("command", "check", "--reference", "--json").json["report"]
    outcomes = {result["rule"]: result["outcome"] for result in found["results"]}
    assert outcomes["coordination"] == outcomes["cycle.command"] == "proved"
    assert outcomes["reachable"] == "unknown"


def test_a_structure_is_shown_as_a_tree_on_a_day_of_a_branch(renkei: Renkei) -> None:
    line = ("command", "show", "--example", "--kind", "opcon", "--branch", "authority=2a")
    before, after = renkei(*line, "--on", "2026-09-30"), renkei(*line, "--on", "2a")
    assert "AA-CMD  Theatre command of A / 甲国戦域軍\n  AA-AIR" in before.out
    assert "AA-HQ  Headquarters of A in B / 甲国駐留司令部\n  AA-AIR" in after.out
    whole = renkei(*line, "--json").json
    assert whole["branches"] == ["authority=2a", "authority=2b"]
    assert whole["owners"]["centre"] == "A"


def test_branches_are_compared_line_by_line(renkei: Renkei) -> None:
    line = ("command", "diff", "--example", "--from", "2027-03-15", "--to", "2027-03-15")
    said = renkei(*line, "--from-branch", "authority=2a", "--to-branch", "authority=2b", "--json")
    assert [(d["word"], d["key"]) for d in said.json["lines"]] == [("ended", "AA-AIR opcon AA-HQ")]


def test_two_files_are_compared(renkei: Renkei, tmp_path: Path) -> None:
    raw = msgspec.json.decode(msgspec.json.encode(msgspec.toml.decode(packaged("plans/example.toml"))))
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_bytes(msgspec.json.encode(raw["structure"]))
    raw["structure"]["units"][2]["names"]["en"] = "Joint headquarters"
    other.write_bytes(msgspec.json.encode(raw["structure"]))
    said = renkei("command", "diff", one, other)
    assert said.status == 0, said.err
    assert "= renamed / 改称" in " ".join(said.out.split())
    assert "1 differences" in said.out


def test_rules_of_ones_own_stand_beside_the_standard_ones_or_replace_them(
    renkei: Renkei, tmp_path: Path
) -> None:
    rules = tmp_path / "ours.toml"
    rules.write_text('[[rules]]\ncheck = "span"\nkey = "span"\nkinds = ["command"]\nmost = 1\n', "utf-8")
    beside = renkei("command", "check", "--example", "--rules", rules, "--json").json["report"]["results"]
    alone = renkei("command", "check", "--example", "--alone", "--rules", rules, "--json").json["report"]
    assert {r["rule"]: r["outcome"] for r in beside}["span"] == "refuted"
    assert len(beside) > len(alone["results"])


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ('phase = "2a"', 'phase = "9"', "plan.phase", "$.changes[2].phase"),
        ('authority = "2a"', 'authority = "9z"', "plan.branch", "$.changes[4].when"),
        ("on = 2026-10-01", "on = 2026-01-01", "plan.phase", "$.phases[1].on"),
        ('nation = "A", level', 'nation = "Z", level', "structure.nation", "$.structure.units[0].nation"),
        (
            'subject = "AA-CMD", object = "AA-MIN"',
            'subject = "AA-CMD", object = "AA-CMD"',
            "structure.ends",
            "[0]",
        ),
        (
            'subject = "AA-CMD", object = "AA-MIN"',
            'subject = "AA-CMD", object = "AA-HQ"',
            "structure.cycle",
            "AA-HQ",
        ),
        ('code = "AA-AIR"', 'code = "AA-SEA"', "structure.twice", "$.structure.units[4]"),
        ('holder = "aa.dual"', 'holdre = "aa.dual"', "plan.form", "$.structure.posts[1]"),
        ('of = "operations of A"', 'of = "nothing"', "plan.fact", "$.changes[8].of"),
        ("on = 2027-03-01", "on = 2026-04-01", "plan.dates", "$.changes[6].on"),
        ("fields = { holder", "fields = { code", "plan.amend", "$.changes[3].fields"),
        ('fields = { holder = "aa-air.commander" }', "fields = { officers = -1 }", "plan.amend", "split"),
        ('key = "opcon leaves before 2b"', 'key = "split"', "structure.twice", "$.changes[6]"),
    ],
)
def test_what_is_wrong_with_a_plan_is_named_with_its_place(
    renkei: Renkei, tmp_path: Path, old: str, new: str, code: str, place: str
) -> None:
    text = packaged("plans/example.toml").decode()
    assert old in text
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    said = renkei("command", "check", path)
    assert said.status == 1
    assert code in said.err
    assert place in said.err


def test_nothing_or_two_things_to_check_are_refused(renkei: Renkei, tmp_path: Path) -> None:
    assert "one of: a FILE, --example" in renkei("command", "check").err
    assert "none or several" in renkei("command", "show", "--example", "--reference").err
    (tmp_path / "plan.toml").write_bytes(packaged("plans/example.toml"))
    assert "rules.none" in renkei("command", "check", tmp_path / "plan.toml", "--alone").err
    assert "plan.branch" in renkei("command", "diff", "--example", "--to-branch", "authority=3").err


def test_without_a_branch_the_first_is_compared_and_said(renkei: Renkei) -> None:
    assert (
        "authority=2a > 2027-05-01 + 3 (day unknown)  authority=2a"
        in renkei("command", "diff", "--example").out
    )
    assert "plan.date" in renkei("command", "show", "--example", "--on", "soon").err
