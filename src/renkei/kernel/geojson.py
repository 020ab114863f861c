"""GeoJSON geometries (RFC 7946): the one codec through which every shape enters.

Typed geometries are plain frozen values whose JSON is GeoJSON itself, so records carry them as they
are.  ``check`` holds what a type cannot say: coordinates are finite WGS 84 degrees, longitude first
(section 3.1.1); a linear ring has at least four positions and ends where it began (3.1.6); a polygon
does not cross itself (the Simple Features rule, asked of GEOS).  A shape across the antimeridian is
to be cut in two (3.1.9), so west is never greater than east.

Winding (3.1.6, second note) is accepted either way, as the RFC asks of parsers.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Annotated, Any, TypeAlias

import msgspec
import shapely
import shapely.geometry

from .errors import BadInput

MAX_POSITIONS = 5_000
"""Positions in one geometry: about 100 KiB of JSON, well inside a record (256 KiB)."""
MAX_GEOJSON_BYTES = 256 * 1024
"""A geometry handed in on its own is no larger than a record may be."""

Position = Annotated[tuple[float, ...], msgspec.Meta(min_length=2, max_length=3)]
Ring = tuple[Position, ...]
Bounds = tuple[float, float, float, float]


class Point(msgspec.Struct, frozen=True, tag_field="type", tag="Point"):
    """One position: longitude, latitude and, if given, metres above the WGS 84 ellipsoid."""

    coordinates: Position


class LineString(msgspec.Struct, frozen=True, tag_field="type", tag="LineString"):
    """Two or more positions."""

    coordinates: Annotated[Ring, msgspec.Meta(min_length=2)]


class Polygon(msgspec.Struct, frozen=True, tag_field="type", tag="Polygon"):
    """An outer ring, then its holes."""

    coordinates: Annotated[tuple[Ring, ...], msgspec.Meta(min_length=1)]


class MultiPolygon(msgspec.Struct, frozen=True, tag_field="type", tag="MultiPolygon"):
    """Several polygons."""

    coordinates: Annotated[tuple[tuple[Ring, ...], ...], msgspec.Meta(min_length=1)]


Geometry: TypeAlias = Point | LineString | Polygon | MultiPolygon

_decoder: msgspec.json.Decoder[Geometry] = msgspec.json.Decoder(Geometry)
_TYPES = "a GeoJSON Point, LineString, Polygon or MultiPolygon"


def parse(source: bytes | str | dict[str, Any]) -> Geometry:
    """A checked geometry from JSON or from already decoded JSON.  Raises BadInput."""
    try:
        if isinstance(source, dict):
            geometry: Geometry = msgspec.convert(source, Geometry)
        else:
            if len(source) > MAX_GEOJSON_BYTES:
                raise BadInput("geojson.size", f"at most {MAX_GEOJSON_BYTES} bytes", f"{len(source)}")
            geometry = _decoder.decode(source)
    except msgspec.ValidationError as err:
        place = str(err).partition(" - at ")[2].strip("`") or "$"
        raise BadInput("geojson.form", _TYPES, f"something else at {place}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadInput("geojson.form", _TYPES, "bytes that are not JSON") from None
    return check(geometry)


def check(geometry: Geometry) -> Geometry:
    """``geometry`` itself, if it lies on the globe and is whole.  Raises BadInput saying where not."""
    _check_positions(geometry)
    if isinstance(geometry, Polygon):
        _check_rings(geometry.coordinates, "coordinates")
    elif isinstance(geometry, MultiPolygon):
        for i, rings in enumerate(geometry.coordinates):
            _check_rings(rings, f"coordinates[{i}]")
    if isinstance(geometry, Polygon | MultiPolygon):
        _check_simple(geometry)
    return geometry


def _check_positions(geometry: Geometry) -> None:
    count = 0
    for count, position in enumerate(positions(geometry), 1):
        if count > MAX_POSITIONS:
            raise BadInput("geojson.size", f"at most {MAX_POSITIONS} positions", "more")
        if not all(map(isfinite, position)):
            raise BadInput("geojson.position", "finite numbers", f"another at position {count}")
        if not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
            raise BadInput(
                "geojson.position",
                "longitude within -180 and 180, then latitude within -90 and 90",
                f"another at position {count}",
            )
    if count == 0:
        raise BadInput("geojson.empty", "at least one position", "none")


def _check_rings(rings: tuple[Ring, ...], where: str) -> None:
    if not rings:
        raise BadInput("geojson.ring", f"an outer ring in {where}", "none")
    for i, ring in enumerate(rings):
        if len(ring) < 4:
            raise BadInput("geojson.ring", f"at least 4 positions in {where}[{i}]", f"{len(ring)}")
        if ring[0] != ring[-1]:
            raise BadInput("geojson.ring", f"a ring {where}[{i}] that ends where it began", "an open one")


def _check_simple(geometry: Polygon | MultiPolygon) -> None:
    reason = shapely.is_valid_reason(shape_of(geometry))
    if reason != "Valid Geometry":
        raise BadInput("geojson.invalid", "rings that do not cross or repeat", reason.partition("[")[0])


def positions(geometry: Geometry) -> Iterator[Position]:
    """Every position of ``geometry``, in order."""
    if isinstance(geometry, Point):
        yield geometry.coordinates
    elif isinstance(geometry, LineString):
        yield from geometry.coordinates
    elif isinstance(geometry, Polygon):
        for ring in geometry.coordinates:
            yield from ring
    else:
        for rings in geometry.coordinates:
            for ring in rings:
                yield from ring


def bounds(geometry: Geometry | None) -> Bounds | None:
    """West, south, east, north in degrees; None for nothing, and for what lies off the globe.

    Never raises: a partner's record is folded as it came, and what cannot be mapped is not mapped.
    """
    if geometry is None:
        return None
    if isinstance(geometry, Point):
        east, north = geometry.coordinates[:2]
        return (east, north, east, north) if -180 <= east <= 180 and -90 <= north <= 90 else None
    places = list(positions(geometry))
    if not places or not all(isfinite(p[0]) and isfinite(p[1]) for p in places):
        return None
    west, east = min(p[0] for p in places), max(p[0] for p in places)
    south, north = min(p[1] for p in places), max(p[1] for p in places)
    if west < -180 or east > 180 or south < -90 or north > 90:
        return None
    return west, south, east, north


def shape_of(geometry: Geometry) -> shapely.geometry.base.BaseGeometry:
    """``geometry`` as shapely knows it."""
    return shapely.geometry.shape(msgspec.to_builtins(geometry))


def merge(polygons: list[Polygon]) -> Polygon | MultiPolygon | None:
    """All of ``polygons`` as one geometry; None if there are none."""
    if not polygons:
        return None
    union = shapely.unary_union([shape_of(p) for p in polygons])
    merged: Polygon | MultiPolygon = msgspec.convert(shapely.geometry.mapping(union), Polygon | MultiPolygon)
    return merged
