"""The ``renkei`` command: its sub-commands, options common to all, and how failures are told.

Exit status: 0 done, 1 refused or failed (said on standard error), 2 the command line itself is wrong.
With ``--json`` every command, failed or not, leaves exactly one JSON document on standard output.

Commands are named here by the place of their function and imported when called, so that ``renkei --help``
and completion need not load a whole node.
"""

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, CycloptsError, Group, Parameter

from ...kernel.errors import BadInput, OurFault, Refused, RenkeiError
from .output import Output

if TYPE_CHECKING:
    from .client import Api

DEFAULT_DATA = Path("renkei-data")
INTERRUPTED = 130
"""What shells report for a program ended by Ctrl-C: 128 and the signal's number."""

HELP = """Coordination between sovereign headquarters: each keeps its own records, releases only what its
policy allows, and can prove it.

See it work:
  renkei demo

Set up a node in DIR, agree on a partner, run it:
  renkei init DIR --hq us.usfj --name-en NAME --name-ja NAME --policy FILE
  renkei account add watch --post POST --role watch-officer --clearance @FILE
  renkei card --to OUR-CARD
  renkei partner add THEIR-CARD --clearance @FILE
  renkei serve

Work at it:
  renkei sign-in http://127.0.0.1:8440 watch
  renkei request send jp.jjoc TITLE --need TEXT --label NAME
  renkei request list

Trust it:
  renkei status
  renkei log verify
  renkei partner verify jp.jjoc

Commands on a node's own files take --data DIR (or RENKEI_DATA)."""


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    json: Annotated[bool, Parameter(name="--json", help="Print one JSON document instead of text.")] = False

    @property
    def out(self) -> Output:
        """Where this command prints."""
        return Output(self.json)


@Parameter(name="*")
@dataclass(frozen=True)
class Local(Common):
    """Options of commands that work on a node's data folder."""

    data: Annotated[
        Path, Parameter(name=["--data", "-d"], env_var="RENKEI_DATA", help="The node's data folder.")
    ] = DEFAULT_DATA


@Parameter(name="*")
@dataclass(frozen=True)
class Remote(Common):
    """Options of commands that call a running node."""

    url: Annotated[
        str | None,
        Parameter(name="--url", env_var="RENKEI_URL", help="The node's address; else as signed in."),
    ] = None
    token: Annotated[
        str | None, Parameter(name="--token", env_var="RENKEI_TOKEN", help="An API token; else as signed in.")
    ] = None

    as_of: Annotated[
        str | None,
        Parameter(name="--as-of", help="What was known at that DTG (221451ZNOV26) or instant; only to read."),
    ] = None
    known_to: Annotated[
        str | None,
        Parameter(name="--known-to", help="Instead: what that partner had confirmed of ours by then."),
    ] = None

    def address(self) -> str:
        """That node's address, with or without a token for it."""
        from .client import find_address  # noqa: PLC0415 - as below

        return find_address(self.url)

    def api(self) -> "Api":
        """A client of that node."""
        from .client import Api, find_credentials  # noqa: PLC0415 - only commands that call a node need it

        credentials = find_credentials(self.url, self.token)
        return Api(credentials.url, credentials.token, as_of=self.as_of, known_to=self.known_to)


def version() -> str:
    """The installed version."""
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - 40 ms that most commands need not pay
    from importlib.metadata import version as installed  # noqa: PLC0415

    try:
        return installed("renkei")
    except PackageNotFoundError:
        return "0"


app = App(
    name="renkei",
    help=HELP,
    help_format="plaintext",
    version=version,
    version_flags=["--version"],
    result_action="return_value",
    default_parameter=Parameter(negative=()),
)
app.register_install_completion_command(help="Install completion for your shell (bash, zsh or fish).")

_START, _NODE = Group("Start", sort_key=1), Group("A node from the inside (its data folder)", sort_key=2)
_WORK, _FILES = Group("At a running node", sort_key=3), Group("In and out", sort_key=4)

_COMMANDS: tuple[tuple[Group, str, str, str], ...] = (
    (_START, "demo", "demo:demo", "Two headquarters on this machine play a real event."),
    (_START, "init", "nodes:init", "Make a new node's data folder: settings, keys and policy."),
    (_START, "serve", "serve:serve", "Run the node until Ctrl-C or SIGTERM."),
    (_NODE, "status", "nodes:status", "How the node stands: logs, views, partners, health."),
    (_NODE, "card", "nodes:card", "This headquarters' card, to hand to a partner."),
    (_NODE, "account", "accounts:account_app", "Posts that sign in at this node."),
    (_NODE, "partner", "partners:partner_app", "Headquarters this one deals with."),
    (_NODE, "log", "logs:log_app", "The logs: verify, show, export."),
    (_NODE, "views", "nodes:views_app", "The tables folded from the logs."),
    (_NODE, "key", "ceremonies:key_app", "Keys: show, rotate, revoke, announce, accept."),
    (_NODE, "policy", "policies:policy_app", "Security policies: check, explain, compare, propose, adopt."),
    (_NODE, "label", "labels:label_app", "Labels as XML: show, export with a record, import and verify."),
    (_WORK, "sign-in", "work:sign_in", "Sign in to a node and keep a token for later commands."),
    (_WORK, "sign-out", "work:sign_out", "Revoke the token that sign-in kept, and forget it."),
    (_WORK, "token", "tokens:token_app", "Tokens for programs, of one's own account."),
    (_WORK, "request", "work:request_app", "Ask a partner for support, and answer what partners ask."),
    (_WORK, "release", "recalls:release_app", "What leaves, what waits, what stays, and why; recall."),
    (_WORK, "incident", "incidents:incident_app", "Incidents and their watch log."),
    (_WORK, "attach", "attaching:attach_app", "Files attached to requests, incidents and log entries."),
    (_WORK, "agreement", "releases:agreement_app", "What may be released to whom, from when until when."),
    (_FILES, "command", "planning:command_app", "Structure, plans and decision paths."),
    (_FILES, "import", "imports:import_app", "Take in reports, reference data or a courier's file."),
    (_FILES, "courier", "couriers:courier_app", "The link on a disk: files that a courier carries."),
    (_FILES, "openapi", "nodes:openapi", "The API's OpenAPI description, without a running node."),
)
for _group, _name, _place, _help in _COMMANDS:
    app.command(f"{__package__}.{_place}", name=_name, help=_help, group=_group)


def main() -> None:
    """The console script."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run one command line; the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    out = Output("--json" in given)
    try:
        result = app(given, exit_on_error=False, print_error=False)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has left; nobody is there to be told
        return 1
    except Exception as err:
        return _tell(err, out)
    return result if isinstance(result, int) else 0


def _tell(err: Exception, out: Output) -> int:
    """Print why a command failed; the exit status."""
    if isinstance(err, CycloptsError):
        out.fail(usage_error(err))
        return 2
    if isinstance(err, OSError):
        came = f"{err.filename or 'the system'}: {err.strerror or type(err).__name__}"
        err = OurFault("system", "files and addresses that can be used", came)
    elif not isinstance(err, RenkeiError):
        traceback.print_exception(err)
        err = OurFault("cli.fault", "no fault of this program", f"one: {type(err).__name__} (told above)")
    out.fail(err)
    return 1


def usage_error(err: CycloptsError) -> BadInput:
    """What is wrong with a command line, and where its help is."""
    chain = " ".join(err.command_chain or ())
    return BadInput("usage", f"a command line as in: {f'renkei {chain}'.strip()} --help", str(err).strip())


def accepted(refused: object) -> None:
    """Raise BadInput if ``refused`` is a rule's no."""
    if isinstance(refused, Refused):
        raise BadInput(refused.code, refused.expected, refused.came)
