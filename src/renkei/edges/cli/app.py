"""The ``renkei`` command: its sub-commands, options common to all, and how failures are told.

Exit status: 0 done, 1 refused or failed (said on standard error), 2 the command line itself is wrong.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ...kernel.errors import RenkeiError
from .client import Api, find_credentials
from .output import Output

DEFAULT_DATA = Path("renkei-data")

app = App(
    name="renkei",
    help="Coordination between sovereign headquarters: each keeps its own records, releases only what its policy allows, and can prove it.",
    result_action="return_value",
)
app.register_install_completion_command(help="Install completion for your shell.")


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    json: Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON document instead of text.")] = False

    @property
    def out(self) -> Output:
        """Where this command prints."""
        return Output(self.json)


@Parameter(name="*")
@dataclass(frozen=True)
class Local(Common):
    """Options of commands that work on a node's data folder."""

    data: Annotated[Path, Parameter(name=["--data", "-d"], env_var="RENKEI_DATA", help="The node's data folder.")] = DEFAULT_DATA


@Parameter(name="*")
@dataclass(frozen=True)
class Remote(Common):
    """Options of commands that call a running node."""

    url: Annotated[str | None, Parameter(help="The node's address; default: as signed in.")] = None
    token: Annotated[str | None, Parameter(help="An API token; default: as signed in.")] = None

    def api(self) -> Api:
        """A client of that node."""
        credentials = find_credentials(self.url, self.token)
        return Api(credentials.url, credentials.token)


def run(arguments: list[str] | None = None) -> int:
    """Run one command line; the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        result = app(given)
    except RenkeiError as err:
        Output("--json" in given).fail(err)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0


Command = Callable[..., object]
