"""A bar chart as SVG, for the documentation."""

from html import escape

_LABEL, _WIDTH, _ROW, _TOP = 300, 720, 26, 40


def bars(values: list[tuple[str, float]], title: str) -> str:
    """Horizontal bars, the longest first, each with its label and its value."""
    ordered = sorted(values, key=lambda pair: -pair[1])
    most = ordered[0][1]
    height = _TOP + _ROW * len(ordered) + 10
    rows = []
    for number, (label, value) in enumerate(ordered):
        y = _TOP + _ROW * number
        width = (_WIDTH - _LABEL - 70) * value / most
        rows.append(
            f'<text x="{_LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{_LABEL}" y="{y + 3}" width="{max(width, 1):.1f}" height="15"/>'
            f'<text x="{_LABEL + width + 6:.1f}" y="{y + 14}">{value:,.0f}</text>'
        )
    label = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{label}"><style>text{{font:13px serif;fill:#222}}rect{{fill:#5b4636}}'
        f"@media (prefers-color-scheme:dark){{text{{fill:#ddd}}rect{{fill:#b9a48f}}}}</style>"
        f'<text x="10" y="20" font-weight="bold">{label}</text>{"".join(rows)}</svg>\n'
    )
