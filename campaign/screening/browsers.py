"""Browsers, as people name them."""

import ua_parser
from flask_babel import gettext as _


def say_browser(agent: str) -> str:
    """Return "Firefox 128 on Linux" of what a browser says of itself; "" where none is known."""
    parsed = ua_parser.parse(agent)
    browser = _with_version(parsed.user_agent)
    system = _with_version(parsed.os)
    if browser and system:
        return str(_("%(browser)s on %(system)s", browser=browser, system=system))
    return browser or system


def _with_version(part: ua_parser.UserAgent | ua_parser.OS | None) -> str:
    return " ".join(filter(None, (part.family, part.major))) if part else ""
