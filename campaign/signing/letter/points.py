"""The order in which talking points print. Pure."""

from collections.abc import Iterable, Mapping, Sequence

Offered = Sequence[tuple[str, bool]]
"""Key of each point and whether it is required, in the template's order."""


def order_points(chosen: Iterable[str], offered: Offered) -> tuple[str, ...]:
    """Return the keys that print: those `chosen`, in that order, and every required one.

    A required one that was not named stands where the template has it: before the first of the
    others that follow it there. Keys that are not offered are left out.
    """
    place = {key: at for at, (key, _) in enumerate(offered)}
    keys = [key for key in dict.fromkeys(chosen) if key in place]
    missing = [key for key, required in offered if required and key not in keys]
    return tuple(_merged(keys, missing, place))


def arrange_points(order: Iterable[str], offered: Offered) -> tuple[str, ...]:
    """Return all keys offered, in `order` as far as it names them, the others in the template's.

    For the page on which points are taken, left and moved.
    """
    place = {key: at for at, (key, _) in enumerate(offered)}
    keys = [key for key in dict.fromkeys(order) if key in place]
    return tuple(_merged(keys, [key for key in place if key not in keys], place))


def move_point(keys: Sequence[str], move: str) -> tuple[str, ...]:
    """Return `keys` after a move such as `up:key`; one that leads nowhere changes nothing."""
    way, _, key = move.partition(":")
    if key not in keys or way not in {"up", "down"}:
        return tuple(keys)
    after = list(keys)
    at = after.index(key)
    to = at - 1 if way == "up" else at + 1
    if 0 <= to < len(after):
        after[at], after[to] = after[to], after[at]
    return tuple(after)


def _merged(keys: list[str], more: Iterable[str], place: Mapping[str, int]) -> list[str]:
    for key in more:
        at = next((n for n, one in enumerate(keys) if place[one] > place[key]), len(keys))
        keys.insert(at, key)
    return keys
