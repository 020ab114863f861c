"""``python -m renkei_verify``: the verifier on the command line.

Exit status 0: everything holds (or the evidence is proven); 1: it does not, and why is told; 2: the command
line is wrong.
"""

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from .cards import Card, read_card, together
from .checks import check_log, compare, first_difference, item_proof
from .evidence import check_item, doubts, judge, read_json
from .faults import Unsound
from .logs import read_log
from .revocations import ending, read_notice


def main(arguments: list[str] | None = None) -> int:
    """Run one command line; the exit status."""
    given = _parser().parse_args(arguments)
    try:
        status, told = given.run(given)
    except Unsound as unsound:
        status, told = 1, {"sound": False, "findings": [vars(unsound.finding)]}
    told["cards"] = _fingerprints(given.card)
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n" if given.json else _text(told))
    return int(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="renkei_verify",
        description="Check exported logs, evidence and proofs by public keys alone. Compare the fingerprints "
        "it tells with those that you heard from the headquarters themselves: everything rests on that.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, words, files in (
        ("log", _log, "check one exported log", ("log",)),
        (
            "compare",
            _compare,
            "do two copies of a log agree? evidence if not",
            ("one", "other"),
        ),
        ("evidence", _evidence, "does this evidence convict the headquarters of the card?", ("file",)),
        ("prove", _prove, "write a proof of one entry, for a third party", ("log", "seq", "to")),
        ("item", _item, "check a proof of one entry", ("file",)),
    ):
        command = commands.add_parser(name, help=words, description=words)
        for argument in files:
            command.add_argument(argument, type=int if argument == "seq" else Path)
        command.add_argument(
            "--card",
            type=Path,
            action="append",
            required=True,
            help="the owner's card first, then the partner's, to check receipts; more of either add keys",
        )
        command.add_argument(
            "--notice",
            type=Path,
            action="append",
            default=[],
            help="a notice of revocation of a key on one of the cards",
        )
        if name == "compare":
            command.add_argument("--evidence", type=Path, help="where to write evidence, a new file")
        command.add_argument("--json", action="store_true", help="print one JSON document")
        command.set_defaults(run=run)
    return parser


def _cards(given: argparse.Namespace) -> tuple[Card, Card | None]:
    cards = together([read_card(path) for path in given.card])
    cards = ending(cards, [read_notice(path) for path in given.notice])
    return cards[0], cards[1] if len(cards) > 1 else None


def _fingerprints(paths: list[Path]) -> dict[str, str]:
    """What every word said here rests on; nothing for a card that cannot be believed."""
    found = {}
    for path in paths:
        with contextlib.suppress(Unsound):
            found[path.name] = read_card(path).fingerprint
    return found


def _log(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    done = check_log(read_log(given.log), *_cards(given))
    told = {
        "sound": not done.findings,
        "origin": done.origin,
        "entries": done.entries,
        "signed": done.signed,
        "receipted": done.receipted,
        "receiptedAt": done.receipted_at and done.receipted_at.isoformat().replace("+00:00", "Z"),
        "takenBack": done.taken_back,
        "purgesSignedFor": done.purges,
        "findings": [vars(finding) for finding in done.findings],
        "doubtful": done.doubtful,
    }
    return bool(done.findings), told


def _compare(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    owner, _ = _cards(given)
    one, other = read_log(given.one), read_log(given.other)
    findings = [finding for copy in (one, other) for finding in check_log(copy, owner, None).findings]
    holding = [finding for finding in findings if finding.code.startswith(("checkpoint.", "log."))]
    if holding:
        return 1, {"sound": False, "findings": [vars(finding) for finding in holding]}
    evidence = compare(one, other, owner)
    told: dict[str, Any] = {"sound": evidence is None, "firstDifference": first_difference(one, other)}
    if evidence is not None:
        told |= {"equivocation": owner.hq, "proven": judge(evidence, owner)}
        told["doubtful"] = doubts(evidence, owner)
        if given.evidence:
            with given.evidence.open("x", encoding="utf-8") as file:
                file.write(json.dumps(evidence))
            told["evidence"] = str(given.evidence)
    return evidence is not None, told


def _evidence(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    owner, _ = _cards(given)
    evidence = read_json(given.file)
    proven = judge(evidence, owner)
    told = {"proven": proven, "code": evidence.get("code"), "against": owner.hq}
    return not proven, {**told, "doubtful": doubts(evidence, owner) if proven else []}


def _prove(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    owner, holder = _cards(given)
    proof = item_proof(read_log(given.log), given.seq, owner)
    check_item(proof, owner, holder)
    with given.to.open("x", encoding="utf-8") as file:
        file.write(json.dumps(proof))
    return 0, {"sound": True, "file": str(given.to)}


def _item(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    return 0, {"sound": True, **check_item(read_json(given.file), *_cards(given))}


def _text(told: dict[str, Any]) -> str:
    lines = []
    for key, value in told.items():
        if key == "findings":
            for found in value:
                lines.append(f"NOT SOUND  {found['where']}  {found['code']}")
                lines.append(f"  expected {found['expected']}; {found['came']} came")
        elif key == "doubtful":
            lines += [f"DOUBTFUL   {one}" for one in value]
        elif key == "cards":
            lines += [f"{name}: fingerprint {fingerprint}" for name, fingerprint in value.items()]
        elif value not in (None, [], ""):
            lines.append(f"{key:<16} {value}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
