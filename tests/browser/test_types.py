"""The client's types are those of the node as it stands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"


def test_the_clients_types_are_generated_from_the_node_as_it_stands(tmp_path: Path) -> None:
    tool = WEB / "node_modules" / ".bin" / "openapi-typescript"
    if shutil.which("node") is None or not tool.exists():
        pytest.skip("needs node and web/node_modules (npm ci)")
    described = subprocess.run(
        [sys.executable, str(WEB / "scripts" / "openapi.py")],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(WEB.parent / "src")},
    )
    (tmp_path / "openapi.json").write_bytes(described.stdout)
    made = tmp_path / "schema.d.ts"
    flags = ["--default-non-nullable=false", "--alphabetize"]
    subprocess.run(
        [str(tool), str(tmp_path / "openapi.json"), "-o", str(made), *flags], check=True, capture_output=True
    )
    expected = made.read_text("utf-8")
    assert (WEB / "src" / "api" / "schema.d.ts").read_text("utf-8") == expected, "run `npm run types` in web/"
