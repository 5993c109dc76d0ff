"""What becomes of each kind of job, and of what goes wrong with it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import sqlalchemy as sa

from app.db import explain, now, transaction
from app.errors import CordonError
from app.service import feeds, imports, pairs
from app.service.jobs import Claim, Lost, Stopped

logger = logging.getLogger(__name__)

# Each handler ends its job itself, in the transaction of its last effect.
HANDLERS: dict[str, Callable[[Claim], object]] = {
    "fetch": feeds.work,
    "import": imports.work,
    "match": pairs.match,
    "undo_import": imports.work_undo,
}
UNEXPECTED = "It stopped with an error that Cordon did not expect; the server's log says which."


def do(claim: Claim) -> None:
    """Do a job; what goes wrong is noted with it for a person to read. Raises the driver's error if not even that can be."""
    try:
        HANDLERS[claim.kind](claim)
    except Lost:
        logger.info("The %s job of %s went to someone else", claim.kind, claim.subject)
    except Stopped:
        _end(claim, lambda: claim.again(now()))
    except CordonError as error:
        reason = str(error)
        _end(claim, lambda: claim.failed(reason))
    except sa.exc.DBAPIError as error:
        reason = str(explain(error))
        logger.warning("The %s job of %s will be tried again: %s", claim.kind, claim.subject, reason)
        _end(claim, lambda: claim.failed(reason))
    except Exception:
        logger.exception("The %s job of %s stopped", claim.kind, claim.subject)
        _end(claim, lambda: claim.failed(UNEXPECTED))


def _end(claim: Claim, how: Callable[[], None]) -> None:
    try:
        with transaction():
            how()
    except Lost:
        logger.info("The %s job of %s went to someone else", claim.kind, claim.subject)
