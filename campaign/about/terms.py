"""Lengths of time in words."""

from flask_babel import ngettext


def days(number: int) -> str:
    return str(ngettext("%(num)s day", "%(num)s days", number))


def months(number: int) -> str:
    return str(ngettext("%(num)s month", "%(num)s months", number))


def hours(number: int) -> str:
    return str(ngettext("%(num)s hour", "%(num)s hours", number))
