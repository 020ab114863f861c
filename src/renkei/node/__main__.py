"""A node's child processes: ``python -m renkei.node fold | past | audit``, told by standard input."""

import sys

from ..kernel.errors import RenkeiError
from . import auditing, folding, past

WORK = {"fold": folding.main, "past": past.main, "audit": auditing.main}

if __name__ == "__main__":
    try:
        sys.exit(WORK[sys.argv[1]]())
    except RenkeiError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
