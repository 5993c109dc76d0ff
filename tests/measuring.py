"""Reads files in processes of their own, one after the other, and says what each took.

Run as a program it takes lines of "format path" and answers each with one line of JSON. It forks for each file, so that every
file begins with the same memory, and what one leaves behind is no one else's.
"""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from app.errors import Unreadable
from app.feeds.formats import FORMATS, recognise

STATUS = Path("/proc/self/status")


def _mb(name: str) -> float:
    """Return a figure of this process's memory: VmRSS is that of now, VmHWM the highest so far."""
    return int(re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text())[1]) / 1024


def _read(name: str, data: bytes) -> str:
    """Read a file as an upload is, then in the one format; return what came of it in a few words."""
    outcome: Counter[str] = Counter()
    try:
        found = recognise("file", data)
    except Unreadable:
        found = FORMATS[name]
    for format_ in {found.name: found, name: FORMATS[name]}.values():
        try:
            for item in format_.parse(data):
                outcome[type(item).__name__] += 1
        except Unreadable as error:
            outcome[str(error)] += 1
    return ", ".join(f"{count} {what}" if count > 1 else what for what, count in outcome.items())


def measure(name: str, path: str) -> dict[str, object]:
    data = Path(path).read_bytes()
    gc.collect()
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    Path("/proc/self/clear_refs").write_text("5")  # The highest so far begins anew.
    memory, start = _mb("VmRSS"), time.process_time()
    try:
        outcome = _read(name, data)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test is to be told
        outcome = f"FAILED {type(error).__name__}: {error}"
    return {"seconds": time.process_time() - start, "mb": _mb("VmHWM") - memory, "outcome": outcome[:1000]}


def main() -> None:
    for line in sys.stdin:
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            if status:
                print(json.dumps({"seconds": 0, "mb": 0, "outcome": f"FAILED with status {status}"}), flush=True)
            continue
        print(json.dumps(measure(*line.split())), flush=True)
        os._exit(0)


if __name__ == "__main__":
    main()
