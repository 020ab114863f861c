"""``renkei import``: reports of authorities, reference tables, a courier's file.

Reports go to the running node as its feeds would send them: read here, posted typed, in order of issue.
Reference tables are work on the data folder of a stopped node; a courier's file is taken in either way.
"""

from pathlib import Path
from typing import Any, Literal

from cyclopts import App

from ...data import packaged
from ...kernel.errors import BadInput
from ...kernel.records import LIVE
from ...rooms import command
from ..feeds.jma import NORMAL, hazard_of
from ..feeds.jma_report import Report
from ..feeds.jma_xml import read_report
from .app import Local, Remote, accepted
from .client import Api
from .couriers import import_file
from .labelling import public_label, public_label_of
from .local import read_file
from .nodes import opened
from .work import Label

import_app = App(name="import", help="Take in reports, reference data or a courier's file.")
import_app.command(import_file, name="courier")


@import_app.command
def jma(*paths: Path, label: Label = None, remote: Remote | None = None) -> None:
    """Take in reports of the Japan Meteorological Agency (XML) as hazards, in order of issue.

    Reports of the same event become versions of one hazard; one taken in before changes nothing.

    Parameters
    ----------
    paths
        Files, or folders whose *.xml files are meant.
    """
    remote = remote or Remote()
    files = list(_files(paths))
    with remote.out.progress("reading", len(files)) as ticker:
        reports = []
        for done, path in enumerate(files, 1):
            reports.append((path, read_named(path)))
            ticker.to(done)
    api = remote.api()
    given, realm = public_label(api, label), str(api.get("/node")["realm"])
    rows = []
    with remote.out.progress("importing", len(reports)) as ticker:
        for done, (path, report) in enumerate(sorted(reports, key=lambda each: each[1].report_at), 1):
            made = post_report(api, report, given, realm)
            rows.append(_row(path, made))
            ticker.to(done)
    remote.out.rows(("file", "type", "event", "status", "version", "id"), rows)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.xml")) if path.is_dir() else [path]
        if not found:
            raise BadInput("import.none", "a folder with *.xml files", str(path))
        files += found
    if not files:
        raise BadInput("import.none", "a file or folder", "none")
    return files


def read_named(path: Path) -> Report:
    """The report in a file.  Raises BadInput naming the file."""
    data = read_file(path)
    try:
        return read_report(data)
    except BadInput as err:
        raise BadInput(err.code, f"{err.expected} in {path.name}", err.came) from None


def post_report(api: Api, report: Report, label: Any, realm: str) -> dict[str, Any]:
    """Post one report as a hazard; the record's view.  Raises BadInput for a drill in the live realm."""
    if report.status != NORMAL and realm == LIVE:
        raise BadInput(
            "hazard.drill", "a report of status 通常 (normal) in the live realm", "a drill or test"
        )
    made: dict[str, Any] = api.post("/hazards", {"report": hazard_of(report), "label": label})
    return made


def _row(path: Path, view: dict[str, Any]) -> dict[str, Any]:
    record = view["record"]
    return {
        "file": path.name,
        "type": record["type"],
        "event": record["event"],
        "status": record.get("status", "in force"),
        "version": record.get("version", 1),
        "id": record["id"],
    }


@import_app.command
def reference(
    *,
    as_account: str,
    nation: Literal["jp", "us"] | None = None,
    units: Path | None = None,
    sites: Path | None = None,
    strengths: Path | None = None,
    label: Label = None,
    local: Local | None = None,
) -> None:
    """Load units, sites, relations and claims of strength from tables.  The node must not be running.

    Loading the same tables again changes nothing.

    Parameters
    ----------
    as_account
        The account in whose name it is done; needs the permission command.write.
    nation
        jp or us: whose rows; the own nation's if left out.
    units
        A table of units (CSV); the packaged one if left out.
    sites
        A table of sites (CSV); the packaged one if left out.
    strengths
        A table of claims of strength (CSV); the packaged one if left out.
    """
    local = local or Local()
    unit_table = read_file(units) if units else packaged("reference/units.csv")
    site_table = read_file(sites) if sites else packaged("reference/sites.csv")
    strength_table = read_file(strengths) if strengths else packaged("reference/strengths.csv")
    with opened(local.data) as node, local.out.progress("loading", None):
        person = node.accounts.person(as_account)
        if person is None:
            raise BadInput("account.unknown", "an account of this node", repr(as_account[:80]))
        given = public_label_of(node.policies, label)
        whose = command.nations_of(nation) if nation else None
        desk = node.desk(person)
        loaded = command.load_reference(desk, given, unit_table, site_table, whose, strength_table)
        accepted(loaded)
    assert isinstance(loaded, command.Loaded)
    new, changed = sum(loaded.new.values()), sum(loaded.changed.values())
    text = f"{new} new records, {changed} changed, {loaded.unchanged} as they were"
    local.out.data({"new": loaded.new, "changed": loaded.changed, "unchanged": loaded.unchanged}, text=text)
