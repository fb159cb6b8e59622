"""Printed things of a case: picture, poster and sign-on sheet, made once and kept.

A thing is named by what it holds, so it is made anew when its words change and never twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore

from flask_babel import gettext

from campaign.campaigns import pictures
from campaign.campaigns.models import Campaign
from campaign.errors import NotFound, TooMany
from campaign.letters import posters
from campaign.letters.layouts import PAPERS, Paper, paper_for
from campaign.letters.posters import PosterContext, SheetContext
from campaign.reading import sources
from campaign.reading.case_page import CasePage
from campaign.reading.sharing import settings, share_context, shown, whole_url
from campaign.storage import storage

_AT_ONCE = 2
_BUSY_SECONDS = 5
_presses = BoundedSemaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Handout:
    """A finished file."""

    body: bytes
    etag: str


def share_picture(case: CasePage, lang: str) -> Handout:
    """The picture that other sites show. Raises TooMany (`busy`)."""
    context = share_context(case, lang)
    mark = posters.fingerprint("share", context)
    return _kept(f"share/{mark}.png", mark, lambda: posters.share_png(context, _beside(case)))


def _beside(case: CasePage) -> bytes:
    """The case's picture, cut for its place in the shared one; nothing where it has none."""
    if not case.whole_picture:
        return b""
    size = (posters.SHARE_PICTURE, posters.SHARE_HEIGHT)
    return pictures.cut(pictures.read(case.whole_picture), size, *case.focus)


def poster(campaign: Campaign, case: CasePage, lang: str, paper: Paper) -> Handout:
    """A poster with a code. Raises TooMany (`busy`)."""
    page = whole_url("reading.case", lang=lang, slug=campaign.slug)
    context = PosterContext(
        locale=lang,
        kicker=_kicker(case),
        title=case.title,
        summary=case.summary,
        text_locale=case.content_lang or lang,
        call=gettext("Write a card now") if case.cards else gettext("Write a letter now"),
        deadline=_until(case),
        link=f"{page}?from={sources.POSTER}",
        shown_link=shown(page),
        site=settings().organisation_name,
    )
    mark = posters.fingerprint("poster", context, paper.slug)
    return _kept(f"posters/{mark}.pdf", mark, lambda: posters.poster_pdf(context, paper))


def sheet_statement(organisation: str, *, cards: bool = False) -> str:
    """What people agree to who sign a sheet by hand, in the language of the page."""
    if cards:
        return str(
            gettext(
                "By signing I ask %(organisation)s to keep these details, to print a card in my "
                "name that asks for this, and to hand it over. Officials see my name and town, "
                "never my e-mail address. What I tick is up to me.",
                organisation=organisation,
            )
        )
    return str(
        gettext(
            "By signing I ask %(organisation)s to keep these details, to print a letter in my name "
            "that asks for this, and to hand it over. Officials see my name and town, never my "
            "e-mail address. What I tick is up to me.",
            organisation=organisation,
        )
    )


def sign_on_sheet(campaign: Campaign, case: CasePage, lang: str, paper: Paper) -> Handout:
    """A sheet with blank rows. Raises TooMany (`busy`)."""
    page = whole_url("reading.case", lang=lang, slug=campaign.slug)
    name = settings().organisation_name
    context = SheetContext(
        locale=lang,
        kicker=_kicker(case),
        title=case.title,
        text_locale=case.content_lang or lang,
        asks=case.asks,
        statement=sheet_statement(name, cards=case.cards),
        return_to=_return_to(case),
        columns=(
            gettext("Name, in clear letters"),
            gettext("Town"),
            gettext("Postal code"),
            gettext("Country"),
            gettext("E-mail address"),
            gettext("News of this case"),
            gettext("New urgent actions"),
            gettext("Signature"),
        ),
        call=gettext("To write your own card:")
        if case.cards
        else gettext("To write your own letter:"),
        link=f"{page}?from={sources.SHEET}",
        shown_link=shown(page),
        site=name,
        title_label=f"{gettext('Sign-on sheet')} · {case.reference}",
    )
    mark = posters.fingerprint("sheet", context, paper.slug)
    return _kept(f"sheets/{mark}.pdf", mark, lambda: posters.sheet_pdf(context, paper))


def paper_named(name: str) -> Paper:
    """The paper of that name; the organisation's own where none is named. Raises NotFound."""
    if not name:
        return paper_for(settings().organisation_country)
    if name not in PAPERS:
        raise NotFound("paper")
    return PAPERS[name]


def _kept(name: str, mark: str, make: Callable[[], bytes]) -> Handout:
    """From the storage, else made and kept; few at a time, so that signing has room."""
    if not storage().exists(name):
        if not _presses.acquire(timeout=_BUSY_SECONDS):
            raise TooMany("busy", seconds=_BUSY_SECONDS)
        try:
            if not storage().exists(name):  # another thread may have made it meanwhile
                body = make()
                with storage().writing(name) as path:
                    path.write_bytes(body)
        finally:
            _presses.release()
    with storage().open(name) as file:
        return Handout(file.read(), mark)


def _kicker(case: CasePage) -> str:
    return " · ".join((gettext("Urgent action"), case.country, case.reference))


def _until(case: CasePage) -> str:
    if case.deadline is None:
        return ""
    return str(gettext("Write until %(when)s", when=case.deadline.when))


def _return_to(case: CasePage) -> str:
    where = ", ".join((settings().organisation_name, *settings().organisation_address))
    if case.deadline is None:
        return str(gettext("Send the sheet to: %(address)s.", address=where))
    return str(
        gettext(
            "Send the sheet to: %(address)s. Letters count until %(when)s.",
            address=where,
            when=case.deadline.when,
        )
    )
