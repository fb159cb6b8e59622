"""What a case that takes no letters any more says of it, as on its page, for feeds and the API."""

from flask import get_template_attribute
from markupsafe import Markup

from campaign.core.i18n import force_locale
from campaign.public.case_page import CaseHead


def ending_heading(case: CaseHead, lang: str) -> str:
    return _say("heading", case, lang).striptags()


def ending_html(case: CaseHead, lang: str) -> str:
    return str(_say("body", case, lang))


def ending_notice(case: CaseHead, lang: str) -> str:
    """That it has ended and whether to write, in plain text; empty while it takes letters."""
    if case.takes_letters:
        return ""
    return f"{ending_heading(case, lang)}. {_say('sentence', case, lang).striptags()}"


def _say(part: str, case: CaseHead, lang: str) -> Markup:
    with force_locale(lang):
        return Markup(get_template_attribute("public/_endings.html", part)(case))  # noqa: S704
