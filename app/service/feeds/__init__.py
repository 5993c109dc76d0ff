"""Feeds: sources that are asked again and again, each by a job of its own, and whose answers are read in as imports are.

A feed that is on has one open job. What came is kept before it is read, together with how far the source was read, so that a
worker that is killed leaves nothing undone or done twice. Nothing is asked for until an admin switches a feed on or tries one.
"""

from app.service.feeds.answers import default_of
from app.service.feeds.keep import add, change, remove, run_now, source_of, switch
from app.service.feeds.outside import reach
from app.service.feeds.read import FeedView, freshness, get, given_up, is_overdue, overview
from app.service.feeds.schedule import keep_scheduled
from app.service.feeds.sealed import seal_with
from app.service.feeds.trial import Trial, try_it
from app.service.feeds.work import work

__all__ = [
    "FeedView",
    "Trial",
    "add",
    "change",
    "default_of",
    "freshness",
    "get",
    "given_up",
    "is_overdue",
    "keep_scheduled",
    "overview",
    "reach",
    "remove",
    "run_now",
    "seal_with",
    "source_of",
    "switch",
    "try_it",
    "work",
]
