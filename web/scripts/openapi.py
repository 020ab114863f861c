"""Prints what the client's types are generated from: the node's OpenAPI with the shapes of all record kinds.

The API answers records as the bytes that were logged, so its own description knows only their header; the
shapes of the bodies come from the rooms' record structs, as JSON Schema, and stand beside the rest under
``components/schemas``.

`make web-check` runs it, writing ``src/generated/openapi.json``, and makes the client's types of that.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from renkei.edges.http.app import create_app, framework
from renkei.edges.http.schema import description
from renkei.kernel.labels.presets import policy_file
from renkei.node import Node, NodeConfig, create_node
from renkei.node.config import Names
from renkei.rooms import KINDS


def of_this_version() -> dict[str, Any]:
    """The API's description, from a node made for the purpose and thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "node"
        create_node(root, NodeConfig(hq="jp.jjoc", names=Names("JJOC", "統合作戦司令部")), policy_file("jp"))
        node = Node.open(root)
        try:
            api = description(framework(create_app(node).edge))
        finally:
            node.close()
    return api


def with_records(api: dict[str, Any]) -> dict[str, Any]:
    """``api`` with a schema for each kind of record; what both describe is told by the record structs."""
    _, records = msgspec.json.schema_components(KINDS, ref_template="#/components/schemas/{name}")
    api["components"]["schemas"] |= records
    return api


if __name__ == "__main__":
    api = with_records(of_this_version())
    json.dump(api, sys.stdout, ensure_ascii=False, indent=1, sort_keys=True, default=msgspec.to_builtins)
