"""Strict reading of a JSON body: from the raw bytes, with every fault of its shape reported at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Container
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.answers import BodyTooLarge, UnsupportedMediaType
from app.errors import Faults, Unreadable
from app.service import rules

SURROGATES = range(0xD800, 0xE000)


class Body(BaseModel):
    """A request body: right types, no conversions, no unknown members. Values are the service's business."""

    model_config = ConfigDict(extra="forbid", strict=True)


B = TypeVar("B", bound=Body)


def raw_body(limit: int) -> bytes:
    """Return the bytes of the request's body, whether its length was announced or not. Raises BodyTooLarge."""
    request.max_content_length = limit + 1  # one more, for werkzeug cuts a body of unknown length without a word
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise BodyTooLarge(limit) from None
    if len(raw) > limit:
        raise BodyTooLarge(limit)
    return raw


def json_object(raw: bytes, accepted: Container[str]) -> dict[str, Any]:
    """Return the object in the body, if it is declared as an accepted type. Raises UnsupportedMediaType or Unreadable."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in accepted or charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType("Send the body as application/json in UTF-8.")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise Unreadable("The body is nested too deep.") from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"The body is not UTF-8: byte {error.start} can't be read.") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError:  # an integer of more digits than Python converts
        raise Unreadable("The body holds a number that is too long.") from None
    if not isinstance(value, dict):
        raise Unreadable("The body must be a JSON object.")
    if b"\\u" in raw:  # only an escape can bring in a character that the encoding itself does not allow
        _check_text(value)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        repeated = next(name for name, count in counts.items() if count > 1)
        raise Unreadable(f"The member {json.dumps(repeated[:100])} is given twice.")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not a JSON value.")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in {float("inf"), float("-inf")}:
        raise Unreadable("The body holds a number that is too large.")
    return number


def _check_text(value: Any) -> None:
    """Refuse NUL and halves of surrogate pairs in any text, without recursion."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, str) and any(char == "\0" or ord(char) in SURROGATES for char in item):
            raise Unreadable("The body holds NUL or half of a surrogate pair.")


def read(model: type[B], raw: dict[str, Any], faults: Faults) -> B:
    """Return the body as its model. What is at fault is added to `faults` and left out, so that the rest can be checked."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _add(detail, model, faults)
            _take_out(raw, detail)
    return model.model_validate(raw)


def _add(detail: ErrorDetails, model: type[Body], faults: Faults) -> None:
    field = path(detail["loc"])
    if detail["type"] == "extra_forbidden":
        rules.unknown(str(detail["loc"][-1]), _known_names(model, detail["loc"]), field, faults)
    else:
        faults.add(field, "field_invalid", WORDS.get(detail["type"], "This has the wrong form."))


WORDS = {
    "string_type": "Write this as text.",
    "list_type": "Give a list.",
    "tuple_type": "Give a list.",
    "float_type": "Give a number.",
    "int_type": "Give a whole number.",
    "bool_type": "Give true or false.",
    "dict_type": "Give an object.",
    "model_type": "Give an object.",
    "model_attributes_type": "Give an object.",
}
STAND_INS: dict[str, Callable[[], Any]] = {"string_type": str, "model_type": dict, "model_attributes_type": dict}


def path(loc: tuple[int | str, ...]) -> str:
    """Return the field path of a place in the body: ("threat_ids", 3) is `threat_ids[3]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part[: rules.NAME_SHOWN]}" for part in loc)
    return text.removeprefix(".")


def _known_names(model: type[Body], loc: tuple[int | str, ...]) -> list[str]:
    """Return the members that the object at this place may have."""
    current: Any = model
    for part in loc[:-1]:
        if isinstance(part, str):
            current = next(iter(_models_in(current.model_fields[part].annotation)))
    return list(current.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _models_in(part)]


def _take_out(raw: dict[str, Any], detail: ErrorDetails) -> None:
    """Remove a faulty member; a faulty item of a list is replaced, so that the others keep their index."""
    *way, last = detail["loc"]
    holder: Any = raw
    for part in way:
        holder = holder[part]
    if isinstance(last, int):
        holder[last] = STAND_INS[detail["type"]]()
    else:
        holder.pop(last, None)
