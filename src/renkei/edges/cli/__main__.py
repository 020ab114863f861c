"""``python -m renkei.edges.cli``: the command line of this very interpreter, as the demo starts nodes."""

import sys

from .app import run

sys.exit(run())
