"""Words of text as searching compares them: without accents, case and signs. The same for what is kept and what is asked.

A character is decomposed (Unicode NFKD) and its case folded; accents and what is invisible fall away; what is neither a letter, a
digit nor a vowel sign parts words. Scripts that put no spaces between words give each pair of neighbouring characters, and the
last one alone: `東京都` is found by `東京`, `京都` and `京`, not by `東都`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from unicodedata import category, combining, name, normalize

WORD_MAX = 100
"""Longer words are cut: PostgreSQL takes lexemes of at most 2,046 bytes."""

# Letters with a stroke and their like, which Unicode does not decompose but people write without; and signs of transcription
# that people leave out, so that Łódź, Tromsø and Taʿizz are found as they are typed.
PLAIN = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
PLAIN |= dict.fromkeys("ʻʼʾʿ", "")
# Thai and Lao, Burmese, Khmer, kana, bopomofo, Han.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
RUN = re.compile(f"(?P<unspaced>[{UNSPACED}]+)|[^ {UNSPACED}]+")


class _Fold(dict[int, str]):
    """What each character becomes, by its code point: worked out when it is first met. A space parts words."""

    def __missing__(self, code: int) -> str:
        folded = normalize("NFKD", normalize("NFKD", chr(code)).casefold())
        self[code] = "".join(PLAIN[character] if character in PLAIN else _plain(character) for character in folded)
        return self[code]


def _plain(character: str) -> str:
    kind = category(character)
    if combining(character) or kind in {"Cf", "Me"} or "VARIATION SELECTOR" in name(character, ""):
        return ""
    return character if character.isalnum() or kind in {"Mc", "Mn"} else " "


FOLD = _Fold()


def words(text: str) -> list[str]:
    """Return the words of a text in their order, repeated ones too."""
    folded = text.translate(FOLD)
    if folded.isascii():
        return [word[:WORD_MAX] for word in folded.split()]
    return [word for run in RUN.finditer(folded) for word in _words(run, last=True)]


def asked(query: str) -> list[str]:
    """Return the different words of a query, of which each has to be the beginning of some word of a text.

    They are words() without those that follow from the others.
    """
    return list(dict.fromkeys(word for run in RUN.finditer(query.translate(FOLD)) for word in _words(run, last=False)))


def _words(run: re.Match[str], *, last: bool) -> Iterator[str]:
    text = run[0]
    if not run["unspaced"]:
        yield text[:WORD_MAX]
        return
    for i in range(len(text) if last or len(text) == 1 else len(text) - 1):
        yield text[i : i + 2]


def places(text: str, wanted: Collection[str]) -> list[tuple[int, int]]:
    """Return where words stand in a text that begin with one of the wanted: (start, end) in its code points, apart and ascending.

    In a script without spaces it is the wanted characters alone.
    """
    pieces = [FOLD[ord(character)] for character in text]
    origin = [i for i, piece in enumerate(pieces) for _ in piece]
    found: list[tuple[int, int]] = []
    for run in RUN.finditer("".join(pieces)):
        for start, end in _places(run, wanted):
            last = origin[end - 1] + 1
            while last < len(text) and not pieces[last]:  # an accent of its own belongs to the letter before it
                last += 1
            if found and origin[start] <= found[-1][1]:
                found[-1] = (found[-1][0], max(last, found[-1][1]))
            else:
                found.append((origin[start], last))
    return found


def _places(run: re.Match[str], wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    text, start = run[0], run.start()
    if not run["unspaced"]:
        if text[:WORD_MAX].startswith(tuple(wanted)):
            yield run.span()
        return
    for i in range(len(text)):
        if lengths := [len(word) for word in wanted if text.startswith(word, i)]:
            yield start + i, start + i + max(lengths)
