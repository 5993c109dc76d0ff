"""Events of ACLED, from an account of one's own: first those of some days, then what was changed or deleted since.

Documented and not tried against the live service: a token by OAuth's password grant, `client_id` acled; `timestamp` and
`deleted_timestamp` ask for what is as new or newer; pages count from 1. As acledR's `acled_update` does, what was deleted since
the last round ends, and what was changed since comes again. Each round signs in anew: a token is good for a day only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable
from datetime import timedelta
from urllib.parse import urlencode

from app.errors import Unreadable
from app.feeds.acled import ATTRIBUTION
from app.feeds.fetch import MAX_BYTES, Answer, Request
from app.feeds.jsonfile import load
from app.feeds.sources.source import Ask, Documents, Plan, Question, Source, address

_SIGN_IN = "https://acleddata.com/oauth/token"
_EVENTS = "https://acleddata.com/api/acled/read"
_DELETED = "https://acleddata.com/api/deleted/read"
PAGE = 5000
PAGES_MAX = 20
_FEWER = "Choose fewer days or a country."
Rows = list[dict[str, object]]


def plan(ask: Ask) -> Plan:
    """Sign in, ask for events and, from the second round on, for deletions, and put them together."""
    asked, since = ask.settings, _whole(ask.cursor.get("timestamp"))
    sent = {"username": asked["email"], "password": asked["password"], "grant_type": "password", "client_id": "acled"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    signed_in = yield Request(url=_SIGN_IN, method="POST", headers=form, body=urlencode(sent).encode())
    headers = {"Authorization": f"Bearer {_token(signed_in)}"}
    begin = ask.today - timedelta(days=asked["days"])
    between = {"event_date": f"{begin}|{ask.today}", "event_date_where": "BETWEEN"}
    wanted: dict[str, str | int] = {"timestamp": since, "timestamp_where": ">="} if since else {**between}
    events, size = yield from _pages(ask, _EVENTS, headers, {**wanted, "country": asked["country"]})
    deleted: Rows = []
    if since:
        asked_for: dict[str, str | int] = {"deleted_timestamp": since, "deleted_timestamp_where": ">="}
        deleted, _ = yield from _pages(ask, _DELETED, headers, asked_for, size)
    latest = max((_whole(row.get("timestamp")) for row in events), default=since)
    return Documents(
        content=json.dumps({"data": [*events, *deleted]}).encode(),
        format="acled",
        cursor={"timestamp": latest} if latest else {},
    )


def _token(answer: Answer) -> str:
    document = load(answer.content)
    token = document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(token, str) or not token:
        raise Unreadable("ACLED’s answer to the sign-in has no token.")
    return token


def _pages(
    ask: Ask, url: str, headers: dict[str, str], wanted: dict[str, str | int], size: int = 0
) -> Generator[Request, Answer, tuple[Rows, int]]:
    """Ask for page after page; return their rows, and their bytes with the `size` of what came before.

    Raises Unreadable for more than PAGES_MAX pages or MAX_BYTES, as those left out would never come.
    """
    rows: Rows = []
    for page in range(1, ask.at_most(PAGES_MAX) + 1):
        parameters = {"_format": "json", **wanted, "limit": PAGE, "page": page}
        content = (yield Request(url=address(url, **parameters), headers=headers)).content
        size += len(content)
        if size > MAX_BYTES:
            raise Unreadable(f"ACLED sends more than {MAX_BYTES // 1024**2} MB for these settings. {_FEWER}")
        document = load(content)
        data = document.get("data") if isinstance(document, dict) else None
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise Unreadable(f"ACLED’s answer has no list of data{_reason(document)}.")
        rows += data
        if len(data) < PAGE or ask.is_trial:
            return rows, size
    raise Unreadable(f"ACLED has more than {PAGES_MAX * PAGE:,} events for these settings. {_FEWER}")


def _reason(document: object) -> str:
    words: Iterable[object] = (document.get("message"), document.get("error")) if isinstance(document, dict) else ()
    said = next((word for word in words if isinstance(word, str) and word), "")
    return f": “{said[:200]}”" if said else ""


def _whole(value: object) -> int:
    """Return a time in seconds since 1970, written as a number or as text; 0 for anything else."""
    return int(str(value)) if re.fullmatch(r"\d{1,12}", str(value), re.ASCII) else 0


SOURCE = Source(
    name="acled",
    label="ACLED conflict and protest events",
    brings="Battles, attacks, riots and protests worldwide, coded by people every week, with corrections and deletions.",
    licence=ATTRIBUTION,
    terms="https://acleddata.com/terms-and-conditions",
    interval_s=86_400,
    interval_min_s=3600,
    plan=plan,
    questions=(
        Question(
            name="email",
            label="E-mail address of the account",
            kind="secret",
            hint="Your own account: the terms forbid passing the events on to others.",
            required=True,
            pattern=r"[\x21-\x7e]{3,200}",
        ),
        Question(name="password", label="Password of the account", kind="secret", required=True),
        Question(
            name="country",
            label="Countries",
            kind="text",
            hint="As ACLED names them, with | between several, such as Nigeria|Niger. Empty is all.",
            pattern=r"[^\x00-\x1f]{1,500}",
        ),
        Question(
            name="days",
            label="Days back at first",
            kind="number",
            hint="Afterwards only what was changed or deleted since is asked for.",
            default="30",
            low=1,
            high=3650,
        ),
    ),
)
