"""``renkei serve``: a module of its own, so that signals are noted before everything else is imported."""

import gc

from .app import Local
from .stopping import Told


def serve(*, local: Local | None = None) -> int:
    """Run the node until Ctrl-C or SIGTERM.

    Its own log goes to standard error, one JSON line for each event.  Exit status 0 after a clean stop.
    """
    local = local or Local()
    gc.disable()  # what is imported stays: a tenth of the start went into looking for cycles in it
    with Told() as told:
        # The servers take seconds to import on a busy machine: told meanwhile, the node is not even opened.
        from ...node.config import Folder, load_config  # noqa: PLC0415
        from .serving import serve_node  # noqa: PLC0415

        config = load_config(Folder(local.data))
        status = 0 if told.now else serve_node(local.data, local.out, told)
    if local.json:
        local.out.data({"hq": config.hq, "served": True})
    return status
