"""The geometry of charts over time, of bars in tables and of small columns in lists. Pure.

Units are those of the SVG's viewBox. `mirrored` turns a chart round for scripts that run from
right to left; an SVG's `text-anchor` follows the page's direction by itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, log10

_LETTER = 6.6
_STRAY = timedelta(days=60)
"""What is further off does not belong to the campaign's days."""
_GAP = 10.0
_HEAD = 40.0
"""Room above the columns: for the words of marks, and for the value of the highest column."""
_FOOT = 24.0
_LABEL_TOP = 11.0
_SPARK_WIDTH, _SPARK_HEIGHT = 84.0, 20.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large a chart is, and how many columns it takes before they stand for weeks."""

    width: float
    height: float
    most_columns: int


WIDE = Size(740, 260, 100)
NARROW = Size(350, 240, 45)


@dataclass(frozen=True, slots=True)
class DayMark:
    """Something that happened, or will, on a day: what stands on the time axis."""

    day: date
    label: str
    """Its words, or its number in the list below."""
    kind: str = "update"
    """`update` or `deadline`."""


@dataclass(frozen=True, slots=True)
class SmallColumn:
    """A column of a chart without words."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class ChartColumn(SmallColumn):
    first: date
    value: int


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    text: str
    anchor: str = "start"
    """As SVG has it: `start`, `middle` or `end`."""
    kind: str = ""
    left: float = 0.0
    """Where they begin on the left, about."""


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A line across (`y`) or up (`x`)."""

    at: float
    label: Label
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ColumnChart:
    size: Size
    base: float
    top: float
    weekly: bool
    columns: Sequence[ChartColumn]
    levels: Sequence[ChartLine]
    ticks: Sequence[ChartLine]
    marks: Sequence[ChartLine]
    values: Sequence[Label]
    """The values that are written at their columns: the highest and the last."""


def nice_levels(most: int, count: int = 4) -> list[int]:
    """List whole, round numbers from above 0 to at least `most`, about `count` of them."""
    if most <= 0:
        return [1]
    raw = most / count
    power = 10 ** int(log10(raw)) if raw >= 1 else 1
    step = next((f * power for f in (1, 2, 5, 10) if f * power >= raw), 10 * power)
    return [step * n for n in range(1, ceil(most / step) + 1)]


def day_ticks(first: date, last: date, most: int) -> list[tuple[date, bool]]:
    """List days to be named on a time axis, at most so many; whether a month's name is enough."""
    days = (last - first).days + 1
    for step in (1, 2, 7, 14):
        if -(-days // step) <= most:
            start = first if step < 7 else first + timedelta(days=-first.weekday() % 7)
            return [
                (start + timedelta(days=n), False) for n in range(0, (last - start).days + 1, step)
            ]
    months = _list_months(first, last)
    for step in (1, 2, 3, 6, 12):
        chosen = [day for day in months if (day.month - 1) % step == 0]
        if len(chosen) <= most:
            return [(day, True) for day in chosen]
    return [(day, True) for day in months[:: -(-len(months) // most)]]


def _list_months(first: date, last: date) -> list[date]:
    months, day = [], first.replace(day=1)
    while day <= last:
        if day >= first:
            months.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return months


def column_chart(
    days: Mapping[date, int],
    *,
    first: date,
    last: date,
    until: date,
    marks: Sequence[DayMark],
    size: Size,
    mirrored: bool,
    say_day: Callable[[date, bool], str],
    say_number: Callable[[int], str],
) -> ColumnChart:
    """Draw columns from `first` to `last`, today; the axis goes on to `until`, the last day."""
    until = max(until, last)
    weekly = (until - first).days + 1 > size.most_columns
    start = first - timedelta(days=first.weekday()) if weekly else first
    span = 7 if weekly else 1
    count = (until - start).days // span + 1
    bins = [0] * count
    for day, n in days.items():
        if first <= day <= last:
            bins[(day - start).days // span] += n
    shown = (last - start).days // span + 1
    levels = nice_levels(max(bins, default=0), 4 if size is WIDE else 3)
    scale = _Scale(size, start, count * span, levels[-1], mirrored)
    columns = [scale.column(start + timedelta(days=n * span), span, bins[n]) for n in range(shown)]
    return ColumnChart(
        size=size,
        base=scale.base,
        top=_HEAD,
        weekly=weekly,
        columns=[column for column in columns if column.value],
        levels=[scale.level(level, say_number(level)) for level in levels],
        ticks=_ticks(scale, start, until, say_day),
        marks=_marks(scale, marks, start, until),
        values=_values(columns, scale, say_number),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a day and a number stand."""

    size: Size
    start: date
    days: int
    most: int
    mirrored: bool

    @property
    def base(self) -> float:
        return self.size.height - _FOOT

    def across(self, day: date, part: float = 0.0) -> float:
        """Return where a day begins, or a part of it is over, as it is read."""
        x = ((day - self.start).days + part) / self.days * self.size.width
        return round(self.size.width - x if self.mirrored else x, 2)

    def up(self, value: int) -> float:
        return round(self.base - value / self.most * (self.base - _HEAD), 2)

    def column(self, day: date, span: int, value: int) -> ChartColumn:
        step = self.size.width / self.days * span
        width = max(0.8, step - min(2.0, step * 0.2))
        x = self.across(day) - (width if self.mirrored else 0)
        return ChartColumn(
            round(x, 2),
            self.up(value),
            round(width, 2),
            round(self.base - self.up(value), 2),
            day,
            value,
        )

    def level(self, value: int, text: str) -> ChartLine:
        start = self.size.width if self.mirrored else 0.0
        return ChartLine(self.up(value), Label(start, self.up(value) - 4, text))

    def label(self, x: float, y: float, text: str, kind: str = "") -> Label:
        """Put words in the middle over `x`, moved in where they would leave the chart."""
        wide = len(text) * _LETTER
        near, far = ("end", "start") if self.mirrored else ("start", "end")
        if x - wide / 2 < 0:
            return Label(0.0, y, text, near, kind, 0.0)
        if x + wide / 2 > self.size.width:
            return Label(self.size.width, y, text, far, kind, self.size.width - wide)
        return Label(x, y, text, "middle", kind, x - wide / 2)


def _ticks(
    scale: _Scale, start: date, until: date, say_day: Callable[[date, bool], str]
) -> list[ChartLine]:
    most = max(2, int(scale.size.width // 72))
    lines = []
    for day, is_month in day_ticks(start, until, most):
        x = scale.across(day, 0.0 if is_month or scale.days > 40 else 0.5)
        lines.append(ChartLine(x, scale.label(x, scale.base + 17, say_day(day, is_month))))
    # Return those whose words do not run into the ones before.
    kept: list[ChartLine] = []
    for line in lines:
        if not kept or _is_clear(kept[-1].label, line.label):
            kept.append(line)
    return kept


def _is_clear(label: Label, other: Label, gap: float = _GAP) -> bool:
    """Return whether words do not run into each other."""
    first, second = sorted((label, other), key=lambda label: label.left)
    return first.left + len(first.text) * _LETTER + gap <= second.left


def _marks(scale: _Scale, marks: Sequence[DayMark], start: date, until: date) -> list[ChartLine]:
    """Draw the deadline in words; updates by number; of two on one spot the first says it."""
    lines: list[ChartLine] = []
    shown = [mark for mark in marks if start <= mark.day <= until]
    for mark in sorted(shown, key=lambda mark: (mark.kind != "deadline", mark.day)):
        x = scale.across(mark.day, 1.0 if mark.kind == "deadline" else 0.5)
        label = scale.label(x, _LABEL_TOP, mark.label, mark.kind)
        if all(_is_clear(label, line.label, 4) for line in lines):
            lines.append(ChartLine(x, label, mark.kind))
    return lines


def _values(
    columns: Sequence[ChartColumn], scale: _Scale, say_number: Callable[[int], str]
) -> list[Label]:
    peak = max(columns, key=lambda column: column.value)
    if not peak.value:
        return []
    labels = [_over(peak, scale, say_number(peak.value), "peak")]
    if columns[-1] is not peak:
        last = _last(columns[-1], scale, say_number(columns[-1].value))
        if _is_clear(labels[0], last, 4):
            labels.append(last)
    return labels


def _last(column: ChartColumn, scale: _Scale, text: str) -> Label:
    """Write beside the last column where the axis goes on behind it, else above."""
    beside = column.x - 5 if scale.mirrored else column.x + column.width + 5
    wide = len(text) * _LETTER
    room = beside if scale.mirrored else scale.size.width - beside
    if room < wide + _GAP:
        return _over(column, scale, text, "last")
    left = beside - wide if scale.mirrored else beside
    y = min(column.y + 10, scale.base - 4)
    return Label(round(beside, 2), y, text, "start", "last", left)


def _over(column: ChartColumn, scale: _Scale, text: str, kind: str) -> Label:
    return scale.label(column.x + column.width / 2, column.y - 5, text, kind)


@dataclass(frozen=True, slots=True)
class TableBar:
    """A bar of a table, of a hundred units."""

    x: float
    width: float


def bar(value: int, most: int, *, mirrored: bool) -> TableBar:
    """Return how long the bar of a value is; what is not nothing can be seen."""
    width = round(max(value / most * 100, 0.6), 2) if value > 0 and most > 0 else 0.0
    return TableBar(round(100 - width, 2) if mirrored else 0.0, width)


def spark(days: Sequence[int], *, mirrored: bool) -> list[SmallColumn]:
    """Draw small columns without words, for a line of a list."""
    most = max(days, default=0)
    if not most:
        return []
    step = _SPARK_WIDTH / len(days)
    columns: list[SmallColumn] = []
    for n, value in enumerate(days):
        high = round(max(value / most * _SPARK_HEIGHT, 1.0), 2) if value else 0.0
        x = round(_SPARK_WIDTH - (n + 1) * step if mirrored else n * step, 2)
        columns.append(SmallColumn(x, round(_SPARK_HEIGHT - high, 2), round(step - 1, 2), high))
    return columns


def span_of(
    days: Iterable[date], *, opened: date | None, ended: date | None, today: date
) -> tuple[date, date]:
    """Return the first and the last day of the time axis: of the campaign's own signatures.

    An opening long before the first signature would leave the columns no room; a day long before
    the opening, long after the end or still to come is a mistake. Both stand in the table alone.
    """
    last = ended or today
    latest = min(today, last + _STRAY)
    own = [day for day in days if day <= latest and (opened is None or day >= opened - _STRAY)]
    last = max([min(last, today), *own])
    first = min([*own, last])
    if opened is not None and first - _STRAY <= opened < first:
        first = opened
    return first, last
