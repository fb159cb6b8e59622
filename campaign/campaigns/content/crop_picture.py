"""Which part of a picture is shown: around what matters in it. Pure."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""


def crop_box(width: int, height: int, ratio: float, x: int, y: int) -> Box:
    """The largest part of that ratio (width to height) around a point given in percent.

    The point stands in its middle, as far as the picture's edges allow.
    """
    wide = min(width, round(height * ratio))
    high = min(height, round(width / ratio))
    left = _start(width, wide, x)
    top = _start(height, high, y)
    return left, top, left + wide, top + high


def _start(whole: int, part: int, percent: int) -> int:
    middle = whole * percent / 100
    return max(0, min(whole - part, round(middle - part / 2)))
