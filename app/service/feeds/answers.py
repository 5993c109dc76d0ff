"""The settings of a feed: answers to its source's questions, checked one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.errors import Faults, Unreadable
from app.feeds.fetch import FetchError
from app.feeds.sources import SOURCES, Question, Source
from app.feeds.sources.address import columns_of
from app.feeds.webaddress import read as read_address
from app.geo.box import Box
from app.models import Feed
from app.models.feed import FEED_NAME_MAX
from app.service import rules
from app.service.feeds.sealed import opened

ANSWER_MAX = 2_000
INTERVAL_MAX_S = 7 * 86_400
REMOVE = "-remove"
"""Follows the name of an optional secret in the name of the answer "1", which says that it is to be kept no more."""
OTHER_KEY = "can't be read any more, for the server has another secret key now. Give it again"


def read_answers(
    source: Source, given: Mapping[str, str], kept: Mapping[str, str | None], faults: Faults
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings and the secrets that were given for a source, in the clear.

    A secret left empty stays as it is among those `kept`, of which None can't be read, unless it is to be removed.
    What is wrong is a fault at the question's name.
    """
    settings: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for question in source.questions:
        if question.kind == "secret":
            secrets[question.name] = _secret(question, given, kept.get(question.name, ""), faults)
        else:
            settings[question.name] = _answer(question, given.get(question.name, ""), faults)
    removable = {f"{question.name}{REMOVE}" for question in source.questions if _is_removable(question)}
    for name in given:
        if name not in settings and name not in secrets and name not in removable:
            rules.unknown(name, [question.name for question in source.questions], name, faults)
    return settings, secrets


def kept_secrets(feed: Feed, given: Mapping[str, str]) -> Mapping[str, str | None]:
    """Return the secrets that stay as they are when left empty: none with the address of another host, which would learn them."""
    is_same = _host(feed.settings.get("url", "")) == _host(given.get("url", ""))
    return opened(feed.secrets) if is_same else {}


def settings_of(feed: Feed) -> dict[str, Any]:
    """Return all answers of a feed with its secrets; a question that came with a later version has its default.

    Raises Unreadable when a secret was sealed with another secret key.
    """
    source, secrets = SOURCES[feed.connector], opened(feed.secrets)
    if None in secrets.values():
        raise Unreadable(f"A secret of this feed {OTHER_KEY} in its settings.")
    given = {**feed.settings, **secrets}
    return {question.name: given.get(question.name, default_of(question)) for question in source.questions}


def default_of(question: Question) -> str | int:
    """Return the answer that is offered."""
    return int(question.default) if question.kind == "number" else question.default


def read_name(name: str | None, faults: Faults) -> str | None:
    """Return the name of a feed."""
    return rules.text(name, "name", faults, maximum=FEED_NAME_MAX, required="Give the feed a name.")


def read_interval(text: str, source: Source, faults: Faults) -> int:
    """Return the seconds between two fetches."""
    low = source.interval_min_s
    if text.isascii() and text.isdigit() and len(text) < 8 and low <= int(text) <= INTERVAL_MAX_S:
        return int(text)
    faults.add("interval_s", "field_invalid", f"Give a whole number of seconds from {low:,} to {INTERVAL_MAX_S:,}.")
    return source.interval_s


def _host(address: str) -> tuple[str, str] | None:
    try:
        target = read_address(address)
    except FetchError:
        return None
    return target.scheme, target.authority


def _secret(question: Question, given: Mapping[str, str], kept: str | None, faults: Faults) -> str:
    text = given.get(question.name, "")
    is_removed = _is_removable(question) and given.get(f"{question.name}{REMOVE}") == "1"
    if text.strip() or kept == "" or is_removed:
        return str(_answer(question, text, faults))
    if kept is None:
        faults.add(question.name, "field_invalid", f"It {OTHER_KEY}{', or have it removed' if _is_removable(question) else ''}.")
    return kept or ""


def _is_removable(question: Question) -> bool:
    return question.kind == "secret" and not question.required


def _answer(question: Question, given: str, faults: Faults) -> Any:
    required = f"{'Choose' if question.kind == 'choice' else 'Give'} the {question.label[0].lower()}{question.label[1:]}."
    if question.label.isupper():
        required = f"Give the {question.label}."
    clean = rules.text(given, question.name, faults, maximum=ANSWER_MAX, required=required if question.required else "")
    if question.kind == "number":
        return _number(question, clean or question.default, faults)
    if clean is None:
        if question.kind == "choice" and not question.required and "" not in dict(question.choices):
            return question.default
        return ""
    if issue := _issue(question, clean):
        faults.add(question.name, "field_invalid", issue)
    return clean


def _number(question: Question, text: str, faults: Faults) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10 and question.low <= int(text) <= question.high:
        return int(text)
    faults.add(question.name, "field_invalid", f"Give a whole number from {question.low:,} to {question.high:,}.")
    return int(question.default)


def _issue(question: Question, answer: str) -> str:
    """Say what is wrong with an answer, "" if nothing is."""
    if question.kind == "choice":
        return "" if answer in dict(question.choices) else "Choose one of the list."
    try:
        if question.kind == "url":
            read_address(answer)
        elif question.kind == "bbox":
            Box.parse(answer)
        elif question.name == "columns":
            columns_of(answer)
    except (FetchError, Unreadable, ValueError) as error:
        return str(error)
    if question.pattern and not re.fullmatch(question.pattern, answer):
        return f"This can't be used as it is written. {question.hint}".strip()
    return ""
