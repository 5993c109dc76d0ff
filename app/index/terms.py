"""Texts that many threats share, as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Terms:
    """Texts in the order in which they were first met, from 1; 0 stands for none. It only grows, so codes stay good."""

    def __init__(self) -> None:
        self._codes: dict[str | None, int] = {None: 0}

    def learn(self, texts: Iterable[str | None]) -> NDArray[np.unsignedinteger[Any]]:
        """Return the codes of texts, with a new code for each that is new."""
        codes = self._codes
        numbers = [codes.setdefault(text, len(codes)) for text in texts]
        return np.array(numbers, np.uint16 if len(codes) <= 1 << 16 else np.uint32)

    def mask(self, texts: Iterable[str]) -> NDArray[np.bool_]:
        """Return, by code, which are among these texts."""
        known = [self._codes[text] for text in texts if text in self._codes]
        chosen = np.zeros(len(self._codes), np.bool_)  # after looking up, for another thread may be learning
        chosen[known] = True
        return chosen

    def texts(self) -> list[str | None]:
        """Return all texts by code."""
        return list(self._codes)
