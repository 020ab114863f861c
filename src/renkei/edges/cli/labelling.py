"""Labels on the command line: named as the node's policy suggests them, or written out.

Nothing written by hand gets a label by default: whoever writes says who may read it.  What is public
already (reports of authorities, reference tables) takes the policy's widest suggestion unless told otherwise.
"""

from pathlib import Path
from typing import Any

import msgspec

from ...kernel.errors import BadInput
from ...kernel.labels.model import Label
from ...kernel.labels.policy import PolicyBook
from .client import Api
from .local import read_file

LABEL = "A label the policy suggests, by key or name, or JSON, or @FILE with JSON."


def label_named(api: Api, name: str | None) -> Any:
    """The label a person named.  Raises BadInput listing what there is if none or another was named."""
    written = _written(name)
    if written is not None:
        return written
    suggestions = api.get("/labels")["suggestions"]
    for each in suggestions:
        if name is not None and name in _names(each):
            return each["label"]
    said = "; ".join(" = ".join(_names(each)[:2]) for each in suggestions)
    raise BadInput("label.name", f"--label with one of: {said}", "none" if name is None else repr(name[:80]))


def public_label(api: Api, name: str | None) -> Any:
    """The label named, or else the suggestion with the lowest classification and the fewest limits."""
    if name is not None:
        return label_named(api, name)
    found = api.get("/labels")
    rank = {each["name"]: each["rank"] for each in found["classifications"]}
    return _widest(
        [each["label"] for each in found["suggestions"]],
        lambda one: (rank[one["classification"]], len(one.get("categories", ()))),
    )


def public_label_of(book: PolicyBook, name: str | None) -> Label:
    """The same from a node's own policy, for work on its files."""
    written = _written(name)
    if written is not None:
        try:
            return msgspec.convert(written, Label).canonical()
        except msgspec.ValidationError as err:
            raise BadInput("label.form", "policy, classification and categories", str(err)) from None
    own = book.own
    for each in own.suggestions:
        if name is not None and name in (each.key, each.en, each.ja):
            return each.label
    if name is not None:
        said = ", ".join(each.key for each in own.suggestions)
        raise BadInput("label.name", f"--label with one of: {said}", repr(name[:80]))
    order = [level.name for level in own.classifications]
    found: Label = _widest(
        [each.label for each in own.suggestions],
        lambda one: (order.index(one.classification), len(one.categories)),
    )
    return found


def _widest(labels: list[Any], rank: Any) -> Any:
    if not labels:
        raise BadInput(
            "label.suggested", "a policy that suggests labels, or --label", "one that suggests none"
        )
    return min(labels, key=rank)


def _written(name: str | None) -> Any:
    """A label written out as JSON or in a file, or None."""
    if name is None or name[:1] not in {"{", "@"}:
        return None
    raw = read_file(Path(name[1:])) if name.startswith("@") else name.encode()
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise BadInput("label.form", "a label as a JSON object", str(err)) from None


def _names(suggestion: dict[str, Any]) -> list[str]:
    return [suggestion["key"], suggestion["name"]["en"], suggestion["name"]["ja"]]
