"""What led a supporter here: `?from=` of a partner's page, a poster, a sheet. Pure.

It travels in the address and then in the form; nothing is kept in the browser.
"""

import re

_SOURCE = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,58}[a-z0-9])?")
POSTER, SHEET = "poster", "sheet"


def clean_source(text: str) -> str:
    """The source as it is stored: a host or a word of at most 60 characters; else nothing.

    Whoever edits an address may write what they like there: what is no source is dropped without
    a word, for it must not keep anybody from writing.
    """
    lowered = text.strip().lower()
    return lowered if _SOURCE.fullmatch(lowered) else ""


def with_source(page: bytes, link: str, source: str) -> bytes:
    """The finished page with `source` added to each link and form that leads to `link`."""
    if not source:
        return page
    for name in ("href", "action"):
        page = page.replace(f'{name}="{link}"'.encode(), f'{name}="{link}?from={source}"'.encode())
    return page
