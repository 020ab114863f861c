"""A report of the Japan Meteorological Agency as typed values, field by field as the agency gives it.

Texts are the Japanese originals; nothing is translated or judged here.
"""

from datetime import datetime

import msgspec


class Code(msgspec.Struct, frozen=True):
    """A name with its code in one of the agency's lists."""

    name: str
    code: str = ""


class Kinds(msgspec.Struct, frozen=True):
    """One headline statement: a warning (or intensity) and the areas it names."""

    of: str
    kind: Code
    code_type: str
    areas: tuple[Code, ...]


class TsunamiItem(msgspec.Struct, frozen=True, kw_only=True):
    """What one tsunami forecast region is told.  ``height_m`` is None where no number is given."""

    area: Code
    kind: Code
    last_kind: Code
    arrival: datetime | None = None
    first_condition: str = ""
    first_revise: str = ""
    height_m: float | None = None
    height_text: str = ""
    height_condition: str = ""
    max_condition: str = ""
    max_revise: str = ""


class Earthquake(msgspec.Struct, frozen=True, kw_only=True):
    """An earthquake's hypocentre and magnitude; depth in km, 0 for very shallow, None if unknown."""

    origin: datetime | None
    arrival: datetime | None
    area: Code
    longitude: float | None = None
    latitude: float | None = None
    depth_km: float | None = None
    position_text: str = ""
    datum: str = ""
    relative: str = ""
    relative_code: str = ""
    relative_direction: str = ""
    relative_km: float | None = None
    source: str = ""
    magnitude: float | None = None
    magnitude_type: str = ""
    magnitude_text: str = ""
    magnitude_condition: str = ""


class Intensity(msgspec.Struct, frozen=True, kw_only=True):
    """Observed intensity at one place: a prefecture, region, city or station under it."""

    level: str
    """``Pref``, ``Area``, ``City`` or ``IntensityStation``."""
    place: Code
    intensity: str
    condition: str = ""
    revise: str = ""


class Comment(msgspec.Struct, frozen=True):
    """A comment: which element it stood in, its text, and the codes of its fixed sentences."""

    of: str
    text: str
    codes: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One telegram, whole."""

    title: str
    sent_at: datetime
    status: str
    editorial_office: str
    publishing_office: str
    head_title: str
    report_at: datetime
    target_at: datetime | None
    valid_until: datetime | None
    event_ids: tuple[str, ...]
    info_type: str
    serial: str
    info_kind: str
    info_kind_version: str
    headline: str
    statements: tuple[Kinds, ...] = ()
    code_lists: tuple[tuple[str, str], ...] = ()
    tsunami: tuple[TsunamiItem, ...] = ()
    earthquakes: tuple[Earthquake, ...] = ()
    max_intensity: str = ""
    intensities: tuple[Intensity, ...] = ()
    text: str = ""
    comments: tuple[Comment, ...] = ()
    unread: tuple[str, ...] = ()
