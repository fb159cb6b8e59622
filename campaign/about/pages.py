"""Who we are, the privacy notice, accessibility, and how to report a security problem."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from campaign.about import page_texts
from campaign.about.page_texts import OwnText, find_text
from campaign.about.privacy_notice import NoticeSection, list_sections
from campaign.about.terms import days, hours
from campaign.core import clock, db, i18n
from campaign.core.settings import Settings, current_settings
from campaign.models.about import AboutPage
from campaign.public import before_request
from campaign.public.page_cache import Made, page_cache
from campaign.web.page import Page
from campaign.web.security import public

blueprint = Blueprint("about", __name__)
before_request.init_blueprint(blueprint)

_SECURITY_TXT_DAYS = 180
"""For so long it holds: RFC 9116 asks for less than a year, and each look makes it anew."""
_ACCESSIBILITY_CHECKED = date(2026, 11, 27)
"""When the statement was held against the pages; set it when that is done again."""


class AboutText(Page):
    own_text: OwnText


class Privacy(AboutText, template="about/privacy.html"):
    sections: Sequence[NoticeSection]
    changed_on: date | None


class About(AboutText, template="about/about.html"):
    second_person: bool
    confirm_days: int
    security_contact: str


class Accessibility(AboutText, template="about/accessibility.html"):
    checked_on: date
    link_hours: str
    confirm_days: str


@blueprint.get("/<lang>/privacy")
@public
def privacy(lang: str) -> ResponseReturnValue:
    def render() -> str:
        settings, session = current_settings(), db.session()
        version = page_texts.find_newest_notice(session, lang)
        return Privacy(
            own_text=find_text(session, AboutPage.PRIVACY, lang),
            sections=list_sections(settings, lang),
            changed_on=clock.day_of(version.created_at, settings.timezone) if version else None,
        ).html()

    return page_cache().serve(("about-privacy", lang), render)


@blueprint.get("/<lang>/about")
@public
def about(lang: str) -> ResponseReturnValue:
    def render() -> str:
        settings = current_settings()
        return About(
            own_text=find_text(db.session(), AboutPage.ABOUT, lang),
            second_person=settings.second_person_opens,
            confirm_days=settings.confirm_days,
            security_contact=settings.security_contact or settings.organisation_email,
        ).html()

    return page_cache().serve(("about-us", lang), render)


@blueprint.get("/<lang>/accessibility")
@public
def accessibility(lang: str) -> ResponseReturnValue:
    def render() -> str:
        own_text = find_text(db.session(), AboutPage.ACCESSIBILITY, lang)
        settings = current_settings()
        return Accessibility(
            own_text=own_text,
            checked_on=_ACCESSIBILITY_CHECKED,
            link_hours=hours(settings.link_hours),
            confirm_days=days(settings.confirm_days),
        ).html()

    return page_cache().serve(("about-accessibility", lang), render)


@blueprint.get("/.well-known/security.txt")
@public
def security_txt() -> ResponseReturnValue:
    """How to report a security problem (RFC 9116)."""
    return page_cache().serve(
        ("security.txt",), lambda: Made(_compose_security_txt(current_settings()), "text/plain")
    )


def _compose_security_txt(settings: Settings) -> str:
    contact = settings.security_contact or settings.organisation_email
    last_day = clock.today("UTC") + timedelta(days=_SECURITY_TXT_DAYS)
    expires = datetime.combine(last_day, time(), UTC)
    base = settings.base_url.rstrip("/")
    policy = url_for("about.about", lang=i18n.languages()[0], _anchor="security")
    lines = [
        f"Contact: {contact if '://' in contact else f'mailto:{contact}'}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(settings.locales)}",
        f"Canonical: {base}{url_for('about.security_txt')}",
        f"Policy: {base}{policy}",
    ]
    return "\n".join(lines) + "\n"
