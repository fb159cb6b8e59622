"""A supporter's letters as PDF, or a page that says which of them cannot be printed just now."""

from collections.abc import Callable

import structlog
from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from campaign.printing.problems import LetterRefused
from campaign.public.pages.before_request import private
from campaign.signing.form.views import pdf_response
from campaign.signing.letter.draft import Letters

log = structlog.get_logger()

_REST = "rest"
"""In the query: the letters that can be printed, without the others."""


def pdf_page(letters: Letters, make: Callable[[Letters], bytes], name: str) -> ResponseReturnValue:
    """The PDF that `make` gives, called `name`; where a letter is refused, words and the others."""
    try:
        if _REST in request.args:
            return pdf_response(printable(letters, make), name)
        return pdf_response(make(letters), name)
    except LetterRefused as problem:
        log.warning("letter cannot be printed", problem=str(problem))
        rest = letters.without(_keys(problem))
        page = render_template(
            "tracking/cannot_print.html",
            cards=letters.cards,
            refused=[one.addressee_lines[0] for one in letters if one not in rest],
            rest=len(rest) if len(rest) < len(letters) else 0,
            rest_url=f"{request.path}?{_REST}=1",
        )
        return private(Response(page, 422, mimetype="text/html"))


def printable(letters: Letters, make: Callable[[Letters], bytes]) -> bytes:
    """What `make` gives of the letters that can be printed. Raises LetterRefused where none can."""
    while True:
        try:
            return make(letters)
        except LetterRefused as problem:
            rest = letters.without(_keys(problem))
            if not rest or len(rest) == len(letters):
                raise
            letters = rest


def _keys(problem: LetterRefused) -> frozenset[str]:
    return frozenset(one.detail.get("key", "") for one in problem.problems)
