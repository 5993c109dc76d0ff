"""Words as searching compares them, and where they stand in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.service.threats.wording import WORD_MAX, asked, places, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Protest at L'Aquila – 3 km", ["protest", "at", "l", "aquila", "3", "km"]),
        ("São Tomé SÃO TOMÉ", ["sao", "tome", "sao", "tome"]),
        ("cafe\u0301", ["cafe"]),
        ("Straße, ΣΊΣΥΦΟΣ", ["strasse", "σισυφοσ"]),
        ("İstanbul, Diyarbakır", ["istanbul", "diyarbakir"]),
        ("Łódź Tromsø Đà Nẵng Hawaiʻi Taʿizz", ["lodz", "tromso", "da", "nang", "hawaii", "taizz"]),
        ("צָהֳלָה نُقْطَة", ["צהלה", "نقطة"]),
        ("किताब", ["किताब"]),
        ("1️⃣ ☔️rain inter\u00adnational", ["1", "rain", "international"]),
        ("東京都 ｶﾞｽ", ["東京", "京都", "都", "カス", "ス"]),
        ("A東京", ["a", "東京", "京"]),
        ("snake_case 50% (a)", ["snake", "case", "50", "a"]),
        ("?! – …", []),
        ("", []),
    ],
)
def test_words_have_neither_accents_nor_case_nor_signs(text, expected):
    assert words(text) == expected


def test_half_a_syllable_of_hangul_finds_the_whole():
    assert words("한국")[0].startswith(words("하")[0])


def test_long_words_are_cut_alike_when_kept_and_when_asked():
    assert words("é" * 300) == asked("E" * 150) == ["e" * WORD_MAX]


@given(st.text())
def test_a_word_of_a_text_is_a_word_by_itself(text):
    assert all(words(word)[0] == word for word in words(text))


@given(st.text())
def test_a_text_is_found_by_itself(text):
    have = words(text)
    assert all(any(word.startswith(wanted) for word in have) for wanted in asked(text))
    assert bool(have) == bool(asked(text))


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Road closure, Road 7", "ro 7", ["Road", "Road", "7"]),
        ("Cafe\u0301s fermés", "café ferm", ["Cafe\u0301s", "fermés"]),
        ("Cafe\u0301 noir", "cafe", ["Cafe\u0301"]),
        ("東京都で京都", "東京", ["東京"]),
        ("東京都", "東京都", ["東京都"]),
        ("東京", "京", ["京"]),
        ("½ ton", "1 2", ["½"]),
        ("embargo", "bar", []),
        ("anything", "", []),
    ],
)
def test_the_words_that_match_are_told_by_their_place(text, query, marked):
    assert [text[start:end] for start, end in places(text, asked(query))] == marked


@given(st.text(), st.text())
def test_places_lie_apart_in_the_text_and_begin_as_asked(text, query):
    found = places(text, asked(query))
    edges = [edge for place in found for edge in place]
    assert edges == sorted(set(edges))
    assert not edges or (edges[0] >= 0 and edges[-1] <= len(text))
    assert bool(found) == any(word.startswith(tuple(asked(query))) for word in words(text) if asked(query))
