"""Importing files: counts, versions, bad rows, columns, and imports that were cut off."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from app.db import db, new_id, now, transaction
from app.errors import Conflict, Denied, Faults, Invalid, NotFound, Unreadable
from app.feeds.record import Record
from app.models import ImportFile, ImportRun, Job, Threat, ThreatVersion
from app.service import imports, jobs, threats
from app.service.actor import Actor
from app.service.imports import FILE_MAX
from app.service.imports.draft import DRAFT_LIFE
from app.service.imports.read import COUNTS
from app.service.jobs import CUTS_MAX, Lost
from tests import make

TABLE = b"""when,what,how bad,lat,lon
2026-04-18T09:00:00Z,Road closed,high,6.44,3.36
2026-04-18T10:00:00Z,Bridge down,low,6.45,3.37
"""


def run_import(actor: Actor, filename: str, content: bytes, **choice) -> ImportRun:
    run = imports.draft(actor, filename, content)
    imports.start(actor, run.id, **choice)
    return work(actor, run.id)


def work(actor: Actor, run_id: UUID, on_progress: Callable[[int], None] | None = None) -> ImportRun:
    """Take the job of a run that was started and do it, as a worker does."""
    claim = jobs.take(new_id(), only=(actor, "import", run_id))
    assert claim
    imports.work(claim, on_progress)
    return imports.get(actor, run_id)


def counts(run: ImportRun) -> dict[str, int]:
    """Return the counts that are not 0, after checking that they add up."""
    assert run.seen == sum(getattr(run, name) for name in COUNTS)
    return {name: getattr(run, name) for name in COUNTS if getattr(run, name)}


def versions(count_from: int = 2) -> int:
    statement = sa.select(sa.func.count()).select_from(ThreatVersion).where(ThreatVersion.number >= count_from)
    return db.session.scalar(statement)


def quakes(*changes: dict[str, object]) -> bytes:
    """Return a small USGS feed, one earthquake for each dictionary of changed properties."""
    features = [
        {
            "type": "Feature",
            "id": f"us{number}",
            "properties": {"mag": 5.1, "place": "Somewhere", "time": 1_700_000_000_000, "updated": 1_700_000_100_000,
                           "title": f"M 5.1 - {number}", "type": "earthquake", "ids": f",us{number},", "magType": "mb", **change},
            "geometry": {"type": "Point", "coordinates": [3.36, 6.44, 10]},
        }
        for number, change in enumerate(changes)
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "metadata": {}, "features": features}).encode()


@pytest.mark.parametrize(
    ("sample", "rows"),
    [("usgs/all_ge_m1_7day.geojson", 1405), ("usgs/usgs_2020_m4.5_global.csv", 7150), ("gdacs/gdacs-rss.xml", 16)],
)
def test_the_same_real_file_twice_changes_nothing_and_says_so(app: Flask, samples: Path, sample: str, rows: int):
    actor, content = make.actor(app), (samples / sample).read_bytes()
    with app.app_context():
        first = run_import(actor, sample, content)
        assert (first.state, counts(first), first.message) == ("done", {"new": rows}, f"{rows:,} rows: {rows:,} new.")
        second = run_import(actor, sample, content)
        assert counts(second) == {"unchanged": rows}
        assert second.message == f"{rows:,} rows: {rows:,} unchanged. Nothing changed."
        assert versions() == 0
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Threat)) == rows


def test_a_week_after_a_day_of_the_same_source_adds_only_what_is_new(app: Flask, samples: Path):
    actor = make.actor(app)
    with app.app_context():
        day = run_import(actor, "day", (samples / "usgs/m1_1day.geojson").read_bytes())
        week = run_import(actor, "week", (samples / "usgs/all_ge_m1_7day.geojson").read_bytes())
        assert week.new + week.updated + week.unchanged + week.older == 1405
        assert week.seen - week.new == day.new


def test_a_newer_file_updates_and_writes_versions_and_an_older_one_changes_nothing(app: Flask):
    actor = make.actor(app)
    newer = quakes({"mag": 6.2, "updated": 1_700_000_200_000}, {})
    with app.app_context():
        run_import(actor, "a.json", quakes({}, {}))
        update = run_import(actor, "b.json", newer)
        assert counts(update) == {"updated": 1, "unchanged": 1}
        assert (versions(), db.session.scalar(sa.select(sa.func.max(Threat.version_count)))) == (1, 2)
        old = run_import(actor, "a.json", quakes({}, {}))
        assert counts(old) == {"older": 1, "unchanged": 1}
        assert old.message == "2 rows: 1 unchanged, 1 older than what is known. Nothing changed."
        assert versions() == 1


def test_bad_rows_are_told_by_row_and_reason_and_good_ones_are_kept(app: Flask):
    actor = make.actor(app)
    content = TABLE + b"2026-04-18T11:00:00Z,Too far north,high,95,3.36\nyesterday,No time,high,6.44,3.36\n1,2\n"
    with app.app_context():
        run = run_import(actor, "roads.csv", content, columns={"observed_at": "when"})
        assert (run.state, counts(run)) == ("done", {"new": 2, "failed": 3})
        page = imports.problems(actor, run.id)
        assert [(problem.row, problem.reason) for problem in page.items][:1] == [
            (4, "coordinates.lat: Latitude must be between -90 and 90.")
        ]
        assert [problem.row for problem in page.items] == [4, 5, 6]
        assert page.total == 3
        assert [problem.row for problem in imports.problems(actor, run.id, 1, 1).items] == [5]


def test_half_a_place_is_no_place(app: Flask):
    actor = make.actor(app)
    header = "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,horizontalError"
    row = "2026-04-18T09:00:00.000Z,{},10,5.1,mb,,,,,us,us{},2026-04-18T09:10:00.000Z,Somewhere,earthquake,"
    places = ("6.44,3.36", "6.44,", ",3.36", ",")
    lines = [f"{header},depthError,magError,magNst,status,locationSource,magSource"]
    lines += [f"{row.format(place, number)},,,,reviewed,us,us" for number, place in enumerate(places)]
    with app.app_context():
        run = run_import(actor, "query.csv", "\n".join(lines).encode())
        assert (run.format, counts(run)) == ("usgs_csv", {"new": 2, "failed": 2})
        told = [(problem.row, problem.reason) for problem in imports.problems(actor, run.id).items]
        assert told == [(row, "coordinates: Give both latitude and longitude, or neither.") for row in (3, 4)]
        held = db.session.execute(sa.select(Threat.lat, Threat.lng).order_by(Threat.external_id)).all()
        assert [tuple(place) for place in held] == [(6.44, 3.36), (None, None)]


def test_the_importer_says_what_the_api_says(app: Flask):
    actor = make.actor(app)
    bad = make.record(title="", lat=95.0, location_country="nigeria")
    faults = Faults()
    with app.app_context():
        with pytest.raises(Invalid):
            threats.upsert(actor, [bad], faults=faults)
        words = {fault.field.removeprefix("threats[0]."): fault.issue for fault in faults}
        content = json.dumps(
            {"type": "Feature", "id": "1", "properties": {"title": "x" * 501},
             "geometry": {"type": "Point", "coordinates": [3.36, 95]}}
        )  # fmt: skip
        run = run_import(actor, "a.geojson", content.encode())
        said = imports.problems(actor, run.id).items[0].reason
        assert f"coordinates.lat: {words['coordinates.lat']}" in said
        assert "title: Use at most 500 characters; this has 501." in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"<!doctype html><html><body>Sign in</body></html>", "web page"),
        (b"[" * 100_000, "JSON"),
        (quakes({}, {})[:-40], "cut off"),
        (b"a" * (FILE_MAX + 1), "more than 32 MB"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_and_nothing_is_kept(app: Flask, content: bytes, reason: str):
    actor = make.actor(app)
    with app.app_context():
        with pytest.raises(Unreadable, match=reason):
            imports.draft(actor, "file", content)
        assert imports.recent(actor).total == 0


def test_a_file_cut_in_the_middle_says_that_nothing_was_kept(app: Flask, samples: Path):
    actor, content = make.actor(app), (samples / "usgs/m1_1day.geojson").read_bytes()
    with app.app_context(), pytest.raises(Unreadable, match=r"cut off.*Nothing was imported"):
        imports.draft(actor, "m1_1day.geojson", content[: len(content) // 2])


def test_a_kept_file_that_went_bad_fails_the_import_and_says_what_was_kept(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "a.json", quakes({}))
        imports.start(actor, run.id)
        with transaction() as session:
            session.execute(sa.update(ImportFile).values(content=quakes({})[:-30]))
        run = work(actor, run.id)
        assert run.state == "failed"
        assert run.message.endswith("Nothing was imported.")


def test_after_a_thousand_new_threats_postgresql_looks_at_its_tables_anew(app: Flask, engine_name: str, count_statements):
    actor = make.actor(app)
    for number, said, looks in ((499, [499], False), (1001, [1000, 1001], True)):
        rows = "".join(f"{number}-{i},Road {i},6.44,3.36\n" for i in range(number))
        progress: list[int] = []
        with app.app_context():
            run = imports.draft(actor, "roads.csv", f"id,title,lat,lon\n{rows}".encode())
            imports.start(actor, run.id)
            with count_statements() as statements:
                assert counts(work(actor, run.id, progress.append)) == {"new": number}
        assert progress == said
        assert any("ANALYZE" in text for text in statements) is (looks and engine_name == "postgresql")


def test_a_feed_without_rows_is_imported_as_such(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = run_import(actor, "a.geojson", b'{"type": "FeatureCollection", "features": []}')
        assert (run.state, run.seen, run.message) == ("done", 0, "The file holds no rows, so nothing changed.")


def test_a_preview_shows_the_guess_and_a_choice_of_columns_goes_over_it(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "roads.csv", TABLE)
        guessed = imports.preview(actor, run.id)
        assert (guessed.format.name, guessed.source, guessed.records, guessed.problems) == ("csv", "roads", 2, 0)
        assert guessed.columns.chosen["lat"] == "lat"
        assert guessed.columns.chosen["severity"] is None
        choice = {"title": "what", "severity": "how bad", "observed_at": "when"}
        chosen = imports.preview(actor, run.id, choice, "road desk")
        first = chosen.head[0]
        assert isinstance(first, Record)
        assert (first.title, first.severity, first.source, first.row) == ("Road closed", "high", "road desk", 2)
        imports.start(actor, run.id, choice, "road desk")
        work(actor, run.id)
        threat = db.session.scalar(sa.select(Threat).where(Threat.title == "Road closed"))
        assert (threat.source, threat.severity, threat.observed_at) == ("road desk", "high", make.WHEN)


def test_a_preview_shows_the_first_rows_and_counts_all(app: Flask):
    actor = make.actor(app)
    rows = [f"2026-04-18T09:00:00Z,Road {number},high,6.44,3.36\n" for number in range(7)]
    with app.app_context():
        shown = imports.look(
            actor, "roads.csv", ("when,what,how bad,lat,lon\n" + "".join(rows) + "1,2\n").encode(), {"title": "what"}
        )
        assert [item.title for item in shown.head] == [f"Road {number}" for number in range(5)]
        assert (shown.records, shown.problems) == (7, 1)


def test_a_table_whose_columns_mean_nothing_can_be_previewed_and_needs_a_choice(app: Flask):
    actor, content = make.actor(app), b"aa,bb\nRoad closed,x\nBridge down,y\n"
    with app.app_context():
        run = imports.draft(actor, "roads.csv", content)
        assert "No column is known" in imports.preview(actor, run.id).obstacle
        with pytest.raises(Unreadable, match="No column is known"):
            imports.start(actor, run.id)
        with pytest.raises(Unreadable, match="no column “cc”"):
            imports.start(actor, run.id, {"title": "cc"})
        imports.start(actor, run.id, {"title": "aa"})
        assert counts(work(actor, run.id)) == {"new": 2}


def test_a_format_with_known_columns_leaves_no_choice(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "a.json", quakes({}))
        with pytest.raises(Invalid) as refusal:
            imports.start(actor, run.id, {"title": "place"}, "mine")
        assert {fault.field for fault in refusal.value.faults} == {"columns", "source"}


def test_only_one_of_two_starts_at_once_gets_the_import(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run_id = imports.draft(actor, "roads.csv", TABLE).id

    def try_to_start(_: int) -> bool:
        with app.app_context():
            try:
                imports.start(actor, run_id, {"title": "what"})
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(try_to_start, range(8))) == [False] * 7 + [True]


def let_leases_end(app: Flask) -> None:
    """Make the jobs in hand look as if their worker had died some time ago."""
    with app.app_context(), transaction() as session:
        session.execute(sa.update(Job).where(Job.state == "running").values(due_at=now() - timedelta(seconds=1)))


def test_an_import_that_was_cut_off_goes_on_where_it_was_and_counts_each_row_once(app: Flask):
    actor = make.actor(app)
    rows = b"".join(b"2026-04-18T09:00:00Z,Road %d,high,%s,3.36\n" % (i, b"6" if i % 500 else b"96") for i in range(2500))
    content = b"when,title,severity,lat,lon\n" + rows

    class PowerCutError(Exception):
        pass

    def cut(position: int) -> None:
        if position == 2000:
            raise PowerCutError

    with app.app_context():
        run = imports.draft(actor, "roads.csv", content)
        imports.start(actor, run.id)
        with pytest.raises(PowerCutError):
            work(actor, run.id, cut)
        halfway = imports.get(actor, run.id)
        assert (halfway.state, halfway.position, halfway.total) == ("running", 2000, 2500)
        assert counts(halfway) == {"new": 1996, "failed": 4}
        with pytest.raises(Conflict):
            imports.start(actor, run.id)
        assert jobs.take(new_id()) is None  # until the lease has ended
        let_leases_end(app)
        went_on: list[int] = []
        done = work(actor, run.id, went_on.append)
        assert (counts(done), went_on) == ({"new": 2495, "failed": 5}, [2500])
        assert [problem.number for problem in imports.problems(actor, run.id).items] == [1, 2, 3, 4, 5]
        assert (db.session.scalar(sa.select(sa.func.count()).select_from(Threat)), versions()) == (2495, 0)


def test_a_worker_that_was_overtaken_writes_nothing_more(app: Flask):
    actor = make.actor(app)
    rows = b"".join(b"%d,Road,6.44,3.36\n" % i for i in range(1500))
    with app.app_context():
        run = imports.draft(actor, "roads.csv", b"id,title,lat,lon\n" + rows)
        imports.start(actor, run.id)

        def overtake(position: int) -> None:
            if position == 1000:
                let_leases_end(app)
                assert make.do_jobs(app) == 1

        with pytest.raises(Lost):
            work(actor, run.id, overtake)
        done = imports.get(actor, run.id)
        assert (done.state, counts(done), versions()) == ("done", {"new": 1500}, 0)


def test_an_import_that_was_given_up_goes_on_when_its_job_is_tried_again(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "roads.csv", TABLE)
        imports.start(actor, run.id, {"title": "what"})
        for _ in range(CUTS_MAX):
            assert jobs.take(new_id())
            let_leases_end(app)
        assert jobs.take(new_id()) is None
        assert imports.get(actor, run.id).state == "running"
        (given_up,) = jobs.dead(actor).items
        assert (given_up.subject, given_up.message) == (run.id, jobs.CUT_OFF)
        jobs.retry(actor, given_up.id)
        assert counts(work(actor, run.id)) == {"new": 2}


def test_an_import_that_is_done_lets_its_file_go_and_can_not_be_started_again(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = run_import(actor, "a.json", quakes({}))
        assert db.session.scalar(sa.select(ImportFile.content)) is None
        assert run.finished_at is not None
        for again in (imports.start, imports.preview):
            with pytest.raises(Conflict):
                again(actor, run.id)


def test_an_import_that_nobody_started_is_no_work(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "a.json", quakes({}))
    assert make.do_jobs(app) == 0
    with app.app_context():
        assert imports.get(actor, run.id).state == "draft"


def test_drafts_that_nobody_started_are_forgotten_after_a_day(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        old = imports.draft(actor, "old.json", quakes({}))
        with transaction() as session:
            session.execute(sa.update(ImportRun).values(created_at=old.created_at - DRAFT_LIFE - timedelta(minutes=1)))
        new = imports.draft(actor, "new.json", quakes({}))
        assert [run.id for run in imports.recent(actor).items] == [new.id]


def test_looking_at_a_file_keeps_nothing(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        seen = imports.look(actor, "a.json", quakes({}, {}))
        assert (seen.records, seen.source) == (2, "usgs")
        assert imports.recent(actor).total == 0


def test_another_tenants_imports_do_not_exist(app: Flask):
    ours, theirs = make.actor(app), make.actor(app, "Other")
    with app.app_context():
        run = imports.draft(theirs, "a.json", quakes({}))
        for reading in (imports.get, imports.problems, imports.preview, imports.start):
            with pytest.raises(NotFound):
                reading(ours, run.id)
        assert imports.recent(ours).items == []
        with pytest.raises(NotFound):
            imports.get(ours, new_id())


def test_a_viewer_reads_about_imports_and_makes_none(app: Flask):
    actor, viewer = make.actor(app), make.person(app, role="viewer")
    with app.app_context():
        run = imports.draft(actor, "a.json", quakes({}))
        assert imports.get(viewer, run.id).filename == "a.json"
        for writing in (imports.draft, imports.look):
            with pytest.raises(Denied):
                writing(viewer, "a.json", quakes({}))
        nobody = replace(viewer, permissions=frozenset())
        with pytest.raises(Denied):
            imports.get(nobody, run.id)


def test_a_file_name_that_no_database_keeps_is_made_fit(app: Flask):
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "../up/\x00\udce4" + "x" * 300 + ".csv", TABLE)
        assert len(run.filename) <= 255
        assert imports.get(actor, run.id).filename.endswith("x.csv")


def test_problems_with_text_that_no_database_keeps_are_still_told(app: Flask):
    actor = make.actor(app)
    content = rb'{"type": "Feature", "id": "1", "properties": {"title": "a", "time": "\ud800\u0001"}, "geometry": null}'
    with app.app_context():
        run = run_import(actor, "a.geojson", content)
        assert (run.state, run.seen) == ("done", 1)


def test_rows_with_large_areas_go_in_by_smaller_batches_so_that_others_can_write_meanwhile(app: Flask):
    ring = [[i / 100, 50 + (i % 2) / 100] for i in range(1_000)]
    area = {"type": "Polygon", "coordinates": [[*ring, [5, 40], ring[0]]]}
    features = [{"type": "Feature", "id": str(i), "properties": {"title": "Flood"}, "geometry": area} for i in range(60)]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    actor = make.actor(app)
    with app.app_context():
        run = imports.draft(actor, "floods.geojson", content)
        imports.start(actor, run.id)
        progress: list[int] = []
        assert counts(work(actor, run.id, progress.append)) == {"new": 60}
    assert progress == [20, 40, 60]
