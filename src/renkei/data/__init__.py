"""Data shipped with Renkei: real reports, reference tables, coarse shapes.  ``SOURCES.md`` says whence."""

from importlib.resources import files


def packaged(name: str) -> bytes:
    """The bytes of one packaged file, such as ``reference/units.csv``."""
    return files(__name__).joinpath(*name.split("/")).read_bytes()


def packaged_names(folder: str, suffix: str) -> list[str]:
    """The packaged files of one folder with that ending, in order of name, as ``packaged`` takes them."""
    inside = files(__name__).joinpath(folder).iterdir()
    return sorted(f"{folder}/{entry.name}" for entry in inside if entry.name.endswith(suffix))
