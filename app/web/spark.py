"""A row of small bars in the page itself, with the same in words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

HEIGHT, STEP, BAR = 24, 5, 4


def spark(values: Sequence[int], places: int, words: str) -> Markup:
    """Return bars for values, the latest last and to the right of so many places, as an SVG that says `words`.

    The highest bar is as high as the picture; a value that is not 0 can always be seen.
    """
    most = max(values, default=0)
    bars = Markup("")
    for i, value in enumerate(values):
        height = max(2, round(value / most * HEIGHT)) if value else 1
        left = (places - len(values) + i) * STEP
        bars += Markup('<rect{} x="{}" y="{}" width="{}" height="{}"/>').format(
            Markup("") if value else Markup(' class="is-none"'), left, HEIGHT - height, BAR, height
        )
    picture = '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    return Markup(picture).format(places * STEP, HEIGHT, places * STEP, HEIGHT, words, bars)  # noqa: S704 - a constant, and format escapes
