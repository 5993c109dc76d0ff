"""Threats and incidents are taken away as files, whole and readable by others."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from defusedxml import ElementTree

from app.db import db
from app.errors import Denied, Faults
from app.feeds import geojson
from app.feeds.record import Record
from app.geo.circle import Circle
from app.geo.outline import of_circle
from app.service import export, incidents, threats
from app.service.actor import Actor
from app.service.export import Format
from app.service.incidents import NewIncident
from app.service.selection import Selection, Step
from app.terms import Edge, Permission
from tests import browse, make

KML = "{http://www.opengis.net/kml/2.2}"
HOSTILE = '=HYPERLINK("http://x")<b>&"Überfall" 東京\U0001f6a8 \ufffe'


@pytest.fixture
def who(app):
    return make.actor(app)


@pytest.fixture
def signed_in(app, client):
    who = make.person(app)
    return browse.sign_in(app, client), who


def put(app, who, number: int = 0, **values):
    with app.app_context():
        return threats.upsert(who, [make.record(number, **values)], faults=Faults())[0].threat_id


def content(app, file) -> bytes:
    return b"".join(file.content)


def rows_of_csv(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def data_of(placemark) -> dict[str, str]:
    return {part.get("name"): part.findtext(f"{KML}value") for part in placemark.iter(f"{KML}Data")}


def ids_in(form: str, data: bytes, kind: str) -> list[str]:
    if form == "csv":
        return [row["id"] for row in rows_of_csv(data)]
    if form == "json":
        return [row["id"] for row in json.loads(data)[kind]]
    if form == "geojson":
        return [feature["id"] for feature in json.loads(data)["features"]]
    return [data_of(placemark)["id"] for placemark in ElementTree.fromstring(data).iter(f"{KML}Placemark")]


@pytest.mark.parametrize("form", Format)
def test_every_format_has_the_same_ids_through_all_chunks(app, who, count_statements, form):
    ids = [str(i) for i in make.put_threats(app, who, 5_000)]
    incident_id = make.incident(app, who, ids)
    with app.app_context():
        export.of_threats(who, {}, form)  # has the threats read into memory, which say how many are withheld
        with count_statements() as statements:
            assert ids_in(form, content(app, export.of_threats(who, {}, form)), "threats") == ids
        assert sum(text.startswith("SELECT") for text in statements) <= 1 + 2 * 6
        linked = incidents.get(who, incident_id).incident
        data = content(app, export.of_incident(who, incident_id, form))
        assert ids_in(form, data, "threats") == ids
        assert linked.link_count == 5_000
        assert ids_in(form, content(app, export.of_incidents(who, {}, form)), "incidents") == [str(incident_id)]


@pytest.mark.parametrize("form", Format)
def test_nothing_makes_an_empty_file_that_can_be_read(app, who, form):
    with app.app_context():
        assert ids_in(form, content(app, export.of_threats(who, {}, form)), "threats") == []


def test_json_has_what_the_api_answers(app, client, who):
    threat_id = put(app, who, affected_assets=[{"asset_id": "a", "asset_name": "Depot", "asset_type": None, "distance_km": 2.5}])
    put(app, who, title="Another title", sources=["Radio"])
    put(app, who, 1, lat=None, lng=None, observed_at=None)
    incident_id = make.incident(app, who, [threat_id])
    key = make.key(app, who)
    with app.app_context():
        found = json.loads(content(app, export.of_threats(who, {}, Format.JSON)))["threats"]
        [one] = json.loads(content(app, export.of_incidents(who, {}, Format.JSON)))["incidents"]
    answered = client.get("/v1/threats?sort=created_at", headers=key).json["threats"]
    assert sorted(found, key=lambda row: row["id"]) == sorted(answered, key=lambda row: row["id"])
    assert one.pop("coordinates") == {"lat": 6.44, "lng": 3.36}
    its = client.get(f"/v1/incidents/{incident_id}", headers=key).json
    assert one == {name: its[name] for name in one}


def test_csv_never_holds_a_formula_and_keeps_numbers(app, who):
    put(app, who, 0, title=HOSTILE, description="@SUM(A1)\nnext line", lat=-6.5, lng=-3.25, risk_level="-5.5", likelihood="-5+1")
    assets = ({"asset_id": "=1", "asset_name": "Depot, north", "asset_type": None, "distance_km": 2.5},)
    put(app, who, 1, title="+1", sources=["=1", "b"], likelihood="-", affected_assets=assets)
    with app.app_context():
        first, second = rows_of_csv(content(app, export.of_threats(who, {}, Format.CSV)))
    assert (first["title"], first["description"]) == (f"'{HOSTILE}", "'@SUM(A1)\nnext line")
    assert (first["lat"], first["lng"], first["risk_level"], first["likelihood"]) == ("-6.5", "-3.25", "-5.5", "'-5+1")
    assert (second["title"], second["sources"], second["likelihood"]) == ("'+1", "'=1; b", "'-")
    assert (first["affected_assets"], json.loads(second["affected_assets"])) == ("", list(assets))
    assert (first["pinned"], first["observed_at"], first["expires_at"]) == ("false", "2026-04-18T09:00:00.000Z", "")
    for cell in [*first.values(), *second.values()]:
        assert not cell.startswith(("=", "+", "@", "\t", "\r"))


@pytest.mark.parametrize("start", ["\t", "\r"])
def test_a_cell_that_begins_with_white_space_of_a_formula_is_kept_from_running(start):
    assert export.csv.safe(f"{start}=1") == f"'{start}=1"


def test_geojson_is_read_by_our_own_parser(app, who):
    put(app, who, 0, title=HOSTILE)
    put(app, who, 1, lat=None, lng=None)
    with app.app_context():
        data = content(app, export.of_threats(who, {}, Format.GEOJSON))
    records = list(geojson.parse(data))
    assert all(isinstance(record, Record) for record in records)
    assert [(record.title, record.lat, record.lng) for record in records] == [
        (HOSTILE, 6.44, 3.36),
        ("Road closure 1", None, None),
    ]
    assert records[0].observed_at == make.WHEN


def test_kml_says_place_time_and_text_without_running_any(app, who):
    put(app, who, 0, title=HOSTILE, description="<script>alert(1)</script> & more")
    put(app, who, 1, lat=None, lng=None, observed_at=None, sources=["a", "b"])
    with app.app_context():
        root = ElementTree.fromstring(content(app, export.of_threats(who, {}, Format.KML)))
    first, second = root.iter(f"{KML}Placemark")
    assert first.findtext(f"{KML}name") == HOSTILE.replace("\ufffe", "\ufffd")
    assert first.findtext(f"{KML}description") == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"
    assert first.findtext(f"{KML}TimeStamp/{KML}when") == "2026-04-18T09:00:00.000Z"
    assert first.findtext(f"{KML}Point/{KML}coordinates") == "3.36,6.44"
    assert [part.tag.removeprefix(KML) for part in first] == ["name", "description", "TimeStamp", "ExtendedData", "Point"]
    assert [part.tag.removeprefix(KML) for part in second] == ["name", "ExtendedData"]
    assert (data_of(second)["sources"], data_of(second)["pinned"]) == ("a; b", "false")


def test_an_incident_lies_where_its_area_is_or_in_the_middle_of_its_threats(app, who):
    ids = [put(app, who, 0, lat=-17.0, lng=179.0), put(app, who, 1, lat=-16.0, lng=-178.0)]
    make.incident(app, who, ids, "Over the antimeridian")
    make.incident(app, who, [], "Nowhere")
    area = of_circle(Circle(-17.0, 179.0, 10))
    two = {"type": "MultiPolygon", "coordinates": [area["coordinates"], [*area["coordinates"], area["coordinates"][0]]]}
    with app.app_context():
        for title, outline in (("One area", area), ("Two areas", two)):
            selection = Selection((Step(adds=True, area=Circle(-17.0, 179.0, 10), outline=outline),))
            incidents.create(who, NewIncident(title, selection=selection))
        features = json.loads(content(app, export.of_incidents(who, {}, Format.GEOJSON)))["features"]
        root = ElementTree.fromstring(content(app, export.of_incidents(who, {}, Format.KML)))
    shapes = {feature["properties"]["title"]: feature["geometry"] for feature in features}
    assert shapes["Over the antimeridian"] == {"type": "Point", "coordinates": [-179.5, -16.5]}
    assert (shapes["Nowhere"], shapes["One area"]["type"]) == (None, "Polygon")
    tags = {place.findtext(f"{KML}name"): {part.tag.removeprefix(KML) for part in place.iter()} for place in root.iter()}
    assert {"Polygon", "outerBoundaryIs"} <= tags["One area"]
    assert {"MultiGeometry", "innerBoundaryIs"} <= tags["Two areas"]


def test_all_chunks_are_of_one_moment(app, who):
    make.put_threats(app, who, 1_500)
    with app.app_context():
        file = export.of_threats(who, {}, Format.JSON)
        beginning = next(file.content) + next(file.content)
        db.session.remove()
    put(app, who, 1_499, title="Changed meanwhile")
    put(app, who, 1_500, title="Came meanwhile")
    rows = json.loads(beginning + b"".join(file.content))["threats"]
    assert len(rows) == 1_500
    assert not [row for row in rows if "meanwhile" in row["title"]]


def test_an_export_that_is_broken_off_gives_its_connection_back(app, who):
    make.put_threats(app, who, 1_500)
    with app.app_context():
        file = export.of_threats(who, {}, Format.CSV)
        next(file.content)
        next(file.content)
        assert db.engine.pool.checkedout() == 1
        file.content.close()
        assert db.engine.pool.checkedout() == 0


def test_another_tenants_rows_are_in_no_file(app, who):
    stranger = make.actor(app, "elsewhere")
    incident_id = make.incident(app, stranger, make.put_threats(app, stranger, 2))
    with app.app_context():
        for form in Format:
            assert ids_in(form, content(app, export.of_threats(who, {}, form)), "threats") == []
            assert ids_in(form, content(app, export.of_incidents(who, {}, form)), "incidents") == []
        with pytest.raises(Exception, match="no such incident"):
            export.of_incident(who, incident_id, Format.CSV)


def test_an_incidents_threats_are_for_those_who_may_read_both(app, who):
    for has in (Permission.INCIDENTS_READ, Permission.THREATS_READ):
        half = Actor(who.tenant_id, "key", None, "k", frozenset({has}), Edge.API)
        with app.app_context(), pytest.raises(Denied):
            export.of_incident(half, make.incident(app, who, []), Format.CSV)


@pytest.mark.parametrize(
    ("form", "media_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("geojson", "application/geo+json"),
        ("kml", "application/vnd.google-earth.kml+xml"),
        ("json", "application/json"),
    ],
)
def test_the_pages_send_files_whose_names_say_what_and_when(app, signed_in, form, media_type):
    client, who = signed_in
    ids = [str(i) for i in make.put_threats(app, who, 3)]
    incident_id = make.incident(app, who, ids[:2], "Überfall: Tōkyō / 東京")
    for address, name, kind, expected in (
        (f"/incidents/{incident_id}/export.{form}", "incident-uberfall-tokyo", "threats", ids[:2]),
        (f"/incidents/export.{form}?status=open&sort=title&page=2", "incidents", "incidents", [str(incident_id)]),
        (f"/threats/export.{form}?severity=critical&observed_from=2026-04-18T09:00", "threats", "threats", ids[:1]),
    ):
        response = client.get(address)
        assert (response.status_code, response.headers["Content-Type"]) == (200, media_type)
        pattern = rf"attachment; filename={name}-\d{{4}}-\d\d-\d\dT\d{{4}}Z\.{form}"
        assert re.fullmatch(pattern, response.headers["Content-Disposition"])
        assert ids_in(form, response.data, kind) == expected
        assert client.head(address).status_code == 200


def test_a_title_without_letters_of_ascii_leaves_the_id_in_the_name(app, signed_in):
    client, who = signed_in
    incident_id = make.incident(app, who, [], "東京")
    disposition = client.get(f"/incidents/{incident_id}/export.csv").headers["Content-Disposition"]
    assert f"incident-{incident_id}-" in disposition


@pytest.mark.parametrize("address", ["/threats/export.csv?severity=awful", "/incidents/export.kml?status=gone"])
def test_a_filter_that_can_not_be_read_is_said_and_no_file_is_sent(signed_in, address):
    response = signed_in[0].get(address)
    assert response.status_code == 422
    assert "Content-Disposition" not in response.headers
    assert re.search(r"(severity|status): Choose one of", response.text)


def test_there_are_no_other_formats(app, signed_in):
    client, who = signed_in
    for address in ("/threats/export.exe", "/incidents/export.CSV", f"/incidents/{make.incident(app, who, [])}/export.pdf"):
        assert client.get(address).status_code == 404


def test_files_are_for_people_who_are_signed_in_viewers_too(app, client):
    response = client.get("/threats/export.csv?q=x")
    assert (response.status_code, "/login" in response.headers["Location"]) == (303, True)
    make.person(app, "vera@example.org", "viewer")
    browse.sign_in(app, client, "vera@example.org")
    assert client.get("/threats/export.csv").status_code == 200


def test_a_period_up_to_now_is_a_filter_too(app, signed_in):
    client, who = signed_in
    put(app, who, 0, observed_at=make.WHEN - timedelta(days=4000))
    assert rows_of_csv(client.get("/threats/export.csv?within=24h").data) == []
