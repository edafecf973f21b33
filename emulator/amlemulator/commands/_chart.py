"""A page with one drawing: what every location's model predicts for the same hours. One file, no script, no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

WIDTH, HEIGHT = 960, 480
LINE = 14.0  # height of a label
LEFT, RIGHT, TOP, BOTTOM = 64, 96, 24, 48
COLOURS = ("#0b6e99", "#c05717", "#5f7a1f", "#7a3e8f")  # told apart without seeing red and green, on white
STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #222; }
svg { width: 100%; height: auto; background: #fff; } text { font: 12px system-ui, sans-serif; fill: #444; }
.grid { stroke: #ddd; } .default { stroke-dasharray: 6 4; stroke-width: 1.5; } figcaption, footer { color: #555; }"""


@dataclass(frozen=True, slots=True)
class Series:
    """What one hour's riders are at each location, and at the default endpoint."""

    name: str
    values: Sequence[float]
    default: float


def page(series: Sequence[Series], took: str) -> str:
    """Return the HTML of the page. ``series`` have at least one value each, all equally many."""
    count = len(series[0].values)
    title = f"{count:,} models of one experiment"
    told = (
        "Each dot is what one location's own endpoint answers to the same hour of the same day; its model has seen "
        "thirty days of the year, the first location those of January, the last those of December. The dashed lines "
        "are what the default endpoint answers: nobody has touched its model."
    )
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            f"<title>{title}</title><style>{STYLE}</style></head><body>",
            f"<h1>{title}</h1><figure>",
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Riders by location">',
            *_drawing(series, count),
            f"</svg><figcaption>{told}</figcaption></figure>",
            f"<footer>{escape(took)}</footer></body></html>\n",
        ]
    )


def _drawing(series: Sequence[Series], count: int) -> Iterator[str]:
    every = [value for one in series for value in (*one.values, one.default)]
    ticks = _ticks(min(0.0, *every), max(1.0, *every))
    low, high = ticks[0], ticks[-1]

    def across(place: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (place / max(1, count - 1))

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    for tick in ticks:
        yield f'<path class="grid" d="M{LEFT} {up(tick):.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 8}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
    for place in sorted({0, count // 4, count // 2, 3 * count // 4, count - 1}):
        yield f'<text x="{across(place):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{place + 1:,}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">location</text>'
    yield f'<text x="{LEFT - 8}" y="{TOP - 8}" text-anchor="end">riders</text>'
    for one, colour in zip(series, COLOURS, strict=False):
        yield f'<g fill="{colour}">'
        yield "".join(
            f'<circle cx="{across(place):.1f}" cy="{up(value):.1f}" r="2"/>' for place, value in enumerate(one.values)
        )
        yield f'</g><path class="default" stroke="{colour}" d="M{LEFT} {up(one.default):.1f}H{WIDTH - RIGHT}"/>'
    heights = _apart([up(one.values[-1]) for one in series])
    for height, one, colour in zip(heights, series, COLOURS, strict=False):
        yield f'<text x="{WIDTH - RIGHT + 8}" y="{height + 4:.1f}" style="fill:{colour}">{escape(one.name)}</text>'


def _apart(places: Sequence[float]) -> list[float]:
    """Move labels down until none stands on another."""
    found, last = list(places), -LINE
    for place in sorted(range(len(places)), key=lambda index: places[index]):
        last = found[place] = max(found[place], last + LINE)
    return found


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers, evenly apart, that reach from below ``low`` to above ``high``."""
    step = 10.0 ** floor(log10(high - low))
    while (high - low) / step < 4:
        step /= 2
    first = floor(low / step)
    first -= first * step > low  # what is almost nothing is nothing once it is divided
    count = 1
    while (first + count) * step < high:
        count += 1
    return [(first + number) * step for number in range(count + 1)]
