"""What comes with Renkei: three synthetic exercise policies, and the clearances of the demonstration.

The policies are package data, made up and marked as such (``SYNTHETIC EXERCISE POLICY``).  A node
started for real gets its own policy file and never needs this module; ``clearance_from`` alone is for
every configuration file and form.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec

from ..errors import BadInput
from .model import Clearance
from .policy import Policy, PolicyBook

JAPAN = "jp"
UNITED_STATES = "us"
PHILIPPINES = "ph"
NATIONS = (JAPAN, UNITED_STATES, PHILIPPINES)


class DemoClearances(msgspec.Struct, frozen=True):
    """For one headquarters, by its own policy: what it grants each partner, and two kinds of people."""

    partners: dict[str, Clearance]
    people: dict[str, Clearance]


def policy_file(nation: str) -> bytes:
    """The SPIF file of a synthetic policy, ``jp``, ``us`` or ``ph``; for a node's data folder."""
    return _data(f"{nation}.xml")


def synthetic_policy(nation: str) -> Policy:
    """A synthetic policy, loaded."""
    return Policy.load(policy_file(nation))


def synthetic_book(nation: str) -> PolicyBook:
    """The policy book of a node of ``nation``: its own synthetic policy and the others."""
    others = [synthetic_policy(other) for other in NATIONS if other != nation]
    return PolicyBook(synthetic_policy(nation), others)


def demo_clearances(hq: str) -> DemoClearances:
    """The demonstration's clearances of ``us.usfj``, ``jp.jjoc`` or ``ph.afp``."""
    everyone = msgspec.json.decode(_data("clearances.json"), type=dict[str, DemoClearances])
    found = everyone[hq]
    return DemoClearances(
        partners={name: c.canonical() for name, c in found.partners.items()},
        people={name: c.canonical() for name, c in found.people.items()},
    )


def clearance_from(book: PolicyBook, given: Mapping[str, Any]) -> Clearance:
    """The clearance in a mapping as TOML or JSON give it; ``policy`` defaults to the book's own.

    Raises BadInput when its form is wrong or its policy cannot mean it.
    """
    try:
        clearance = msgspec.convert({"policy": book.own.id, **given}, Clearance)
    except msgspec.ValidationError as err:
        raise BadInput("clearance.form", "policy, classifications and categories", str(err)) from None
    wrong = book.check_clearance(clearance)
    if wrong is not None:
        raise BadInput(wrong.code, wrong.expected, wrong.came)
    return clearance.canonical()


def _data(name: str) -> bytes:
    return files("renkei").joinpath("data", "policies", name).read_bytes()
