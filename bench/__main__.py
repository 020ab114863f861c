"""``python -m bench``: all parts, each in a process of its own, then the table in ``bench/README.md``.

    python -m bench                      everything, about twenty minutes
    python -m bench append http link     some parts; their results are kept, the README is left alone
    python -m bench report               rewrite the README's figures from what is kept
    python -m bench --small link         small sizes, to see that it works; never reported

Exit status: 0 whatever the figures are (a machine may be slow or busy), 1 if a part failed to run.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src")] if str(ROOT / "src") not in sys.path else []

from bench import common  # noqa: E402  - the sources stand beside, whether or not they are installed
from bench.parts import PARTS  # noqa: E402

REPORT = "report"


def run(part: str, small: bool) -> None:
    """Measure one part in this process, keep and print it."""
    machine, begun = common.Machine.here(), time.monotonic()
    figures = PARTS[part](small)
    spent = round(time.monotonic() - begun, 1)
    result = common.Result(part, machine, figures, small, spent)
    common.save(result)
    print(f"{part}  ({machine.cores} cores, load {machine.load:g}, took {spent:g} s)")
    print(common.plain(result), flush=True)


def run_all(parts: list[str], small: bool) -> list[str]:
    """Each part in a process of its own, so that none inherits another's memory; those that failed."""
    options = ["--small"] if small else []
    command = [sys.executable, "-m", "bench", "--here", *options]
    sources = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": sources}
    return [
        part
        for part in parts
        if subprocess.run([*command, part], cwd=ROOT, env=environment, check=False).returncode
    ]


def main() -> int:
    """Do what was asked for."""
    options = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("parts", nargs="*", choices=[*PARTS, REPORT, []], metavar="PART")
    options.add_argument("--small", action="store_true", help="small sizes, to see that it works")
    options.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    parts = [part for part in given.parts if part != REPORT] or ([] if given.parts else list(PARTS))
    if given.here:
        for part in parts:
            run(part, given.small)
        return 0
    failed = run_all(parts, given.small)
    if not given.small and (REPORT in given.parts or not given.parts):
        missing = common.report(list(PARTS))
        print(f"bench/README.md rewritten; nothing kept for: {', '.join(missing) or 'none'}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
