"""An operator's own file of map tiles is served by ranges to those who are signed in."""

from __future__ import annotations

import pytest

from app.config import load
from app.errors import Unreadable
from tests import make
from tests.browse import sign_in


@pytest.fixture
def tiles(tmp_path):
    path = tmp_path / "world.pmtiles"
    path.write_bytes(b"PMTiles\x03" + bytes(range(200)))
    return path


@pytest.fixture
def signed_in(app, client, tiles, monkeypatch):
    monkeypatch.setitem(app.config, "PMTILES", tiles)
    make.person(app)
    return sign_in(app, client)


def test_a_range_of_the_file_is_answered_and_kept_by_no_proxy(signed_in):
    with signed_in.get("/basemap.pmtiles", headers={"Range": "bytes=7-9"}) as answer:
        assert (answer.status_code, answer.data) == (206, b"\x03\x00\x01")
        assert answer.headers["Content-Range"] == "bytes 7-9/208"
        assert answer.cache_control.private
    with signed_in.get("/basemap.pmtiles", headers={"If-None-Match": answer.headers["ETag"]}) as again:
        assert again.status_code == 304


def test_a_range_beyond_the_file_is_refused(signed_in):
    assert signed_in.get("/basemap.pmtiles", headers={"Range": "bytes=500-600"}).status_code == 416


def test_nobody_else_gets_it(app, client, tiles, monkeypatch):
    monkeypatch.setitem(app.config, "PMTILES", tiles)
    assert client.get("/basemap.pmtiles").status_code == 303


def test_the_pages_name_the_file_only_when_it_is_set(app, signed_in, monkeypatch):
    assert 'data-pmtiles-url="/basemap.pmtiles"' in signed_in.get("/").text
    monkeypatch.setitem(app.config, "PMTILES", None)
    assert "data-pmtiles-url" not in signed_in.get("/").text
    assert signed_in.get("/basemap.pmtiles").status_code == 404


def test_a_file_that_can_not_be_read_is_said_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setenv("CORDON_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CORDON_PMTILES", str(tmp_path / "none.pmtiles"))
    with pytest.raises(Unreadable, match=r"CORDON_PMTILES names a file that can't be read: .*none\.pmtiles"):
        load({})
