"""Events that two sources tell: threats that may be one are proposed, and a person decides. Nothing is joined by itself."""

from app.service.pairs.decide import decide
from app.service.pairs.find import PAIRS_MAX, find, match
from app.service.pairs.read import Pair, count, of_threat, open_pairs, same_as
from app.service.pairs.schedule import keep_matched

__all__ = ["PAIRS_MAX", "Pair", "count", "decide", "find", "keep_matched", "match", "of_threat", "open_pairs", "same_as"]
