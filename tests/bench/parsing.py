"""Read made-up files of 100,000 rows in each format that can be that big: `python tests/bench/parsing.py`."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from app.feeds.formats import FORMATS, recognise
from tests.test_feeds_cap import alert
from tests.test_feeds_maps import channel, earth, item, placemark
from tests.test_feeds_rows import BATTLE, FIRE, RIOT, news, table

ROWS = 100_000
SEED = 2026


def files() -> Iterator[tuple[str, str, bytes]]:
    """Yield the name of a format, what kind of file it is, and the file."""
    rng = random.Random(SEED)
    places = [(f"{rng.uniform(-60, 60):.5f}", f"{rng.uniform(-179, 179):.5f}") for _ in range(ROWS)]
    where = [{"latitude": lat, "longitude": lng} for lat, lng in places]
    days = [{"date_start": f"20{i % 20:02}-0{i % 9 + 1}-1{i % 10}"} for i in range(ROWS)]
    battles = [BATTLE | where[i] | days[i] | {"id": str(i), "best": str(i % 30)} for i in range(ROWS)]
    clocks = [{"acq_time": str(i % 24 * 100 + i % 60)} for i in range(ROWS)]
    dates = [{"event_id_cnty": f"NIG{i}", "event_date": f"{i % 28 + 1} May 20{i % 20:02}"} for i in range(ROWS)]
    points = [{"type": "Point", "coordinates": [float(lng), float(lat)]} for lat, lng in places]
    said = {"severity": "high", "date": "2026-04-18T09:00:00Z", "place": "Town", "country": "DE"}
    yield "firms", "CSV", table(*(FIRE | where[i] | clocks[i] for i in range(ROWS)))
    yield "ucdp", "CSV", table(*battles)
    yield "ucdp", "GeoJSON", collection(battles, points)
    yield "acled", "CSV", table(*(RIOT | where[i] | dates[i] for i in range(ROWS)))
    yield "gdelt", "TSV", "\n".join(news(c60=f"https://x.example/{i}", c56=p[0], c57=p[1]) for i, p in enumerate(places)).encode()
    yield "geojson", "points", collection([{"title": f"Flood {i}", **said} for i in range(ROWS)], points)
    yield (
        "csv",
        "CSV",
        table(*({"id": str(i), "title": f"Flood {i}", "lat": p[0], "lng": p[1], **said} for i, p in enumerate(places))),
    )
    yield "kml", "points", earth(*(placemark(title=f"Camp {i}") for i in range(ROWS)))
    yield "rss", "RSS", channel(*(item(f"<georss:point>{lat} {lng}</georss:point>", guid=lat + lng) for lat, lng in places))
    yield "cap", "20,000 alerts", f"<alerts>{''.join(alert(f'a{i}') for i in range(20_000))}</alerts>".encode()


def collection(properties: list[dict[str, str]], points: list[dict[str, object]]) -> bytes:
    """Return GeoJSON of such features."""
    pairs = zip(properties, points, strict=True)
    features = [{"type": "Feature", "geometry": point, "properties": words} for words, point in pairs]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def main() -> None:
    """Print a row of a table for each file."""
    print("| format | file | MB | rows/s |\n| --- | --- | --- | --- |")
    for name, kind, data in files():
        assert recognise("", data).name == name
        began = time.process_time()
        rows = sum(1 for _ in FORMATS[name].parse(data))
        print(f"| {name} | {kind} | {len(data) / 1e6:.0f} | {rows / (time.process_time() - began):,.0f} |", flush=True)


if __name__ == "__main__":
    main()
