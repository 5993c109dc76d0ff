"""The USGS earthquake catalogue as CSV, 22 columns.

Format: https://earthquake.usgs.gov/earthquakes/feed/v1.0/csv.php. Times are ISO 8601 in UTC, errors in km.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.errors import Unreadable
from app.feeds import raw, usgs
from app.feeds.csvfile import rows
from app.feeds.encoding import decode
from app.feeds.look import Look
from app.feeds.record import Problem, Record
from app.feeds.references import named
from app.feeds.values import BadRow, decimal, iso_time, precision

COLUMNS = (
    *("time", "latitude", "longitude", "depth", "mag", "magType", "nst", "gap", "dmin", "rms", "net", "id", "updated"),
    *("place", "type", "horizontalError", "depthError", "magError", "magNst", "status", "locationSource", "magSource"),
)


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.header >= set(COLUMNS)


def parse(data: bytes) -> Iterator[Record | Problem]:
    """Read a catalogue file; `row` is the line in the file.

    Raises Unreadable when the columns are not those of USGS, and at a cell without an end.
    """
    text, _ = decode(data, legacy=False)
    table = rows(text)
    _, header = next(table)
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise Unreadable(f"This is not a USGS catalogue: the first line has no column {', '.join(missing)}.")
    return _records(header, list(table))


def _records(header: list[str], table: list[tuple[int, list[str]]]) -> Iterator[Record | Problem]:
    for line, cells in table:
        try:
            if len(cells) != len(header):
                raise BadRow(f"The row has {len(cells)} cells; the header has {len(header)}.")
            words = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
            yield raw.told(_record(line, words), raw.of_cells(header, cells))
        except BadRow as reason:
            yield Problem(line, str(reason))


def _record(line: int, row: dict[str, str]) -> Record:
    if not row["id"]:
        raise BadRow("The event has no id.")
    observed_at = iso_time(row["time"], "time")
    if observed_at is None:
        raise BadRow("The event has no time.")
    magnitude, depth = decimal(row["mag"], "magnitude"), decimal(row["depth"], "depth")
    uncertainty = decimal(row["horizontalError"], "horizontal error")
    kind = row["type"] or "earthquake"
    return Record(
        row=line,
        source=usgs.SOURCE,
        external_id=row["id"],
        title=usgs.title(magnitude, row["place"], kind),
        severity=usgs.severity(magnitude),
        status=usgs.status(row["status"]),
        description=None if depth is None else f"Depth {depth:g} km.",
        threat_type=kind,
        threat_rationale=usgs.rationale(magnitude, row["magType"], deleted=row["status"] == "deleted"),
        location=row["place"] or None,
        lat=decimal(row["latitude"], "latitude"),
        lng=decimal(row["longitude"], "longitude"),
        location_precision_level=precision(uncertainty),
        location_uncertainty_km=uncertainty,
        observed_at=observed_at,
        source_updated_at=iso_time(row["updated"], "time of the update"),
        url=f"https://earthquake.usgs.gov/earthquakes/eventpage/{row['id']}",
        sources=usgs.SOURCES,
        references=named(usgs.SOURCE, row["id"]),
    )
