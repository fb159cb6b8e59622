"""Versions of the privacy notice: which words were on its page, from when on.

A version is added where an organization's text is saved, where a process takes its first letter
in a language, and every hour: settings and translations change by a restart.
"""

from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.about import organisation_texts
from campaign.about.privacy_notice import list_sections
from campaign.core import db, i18n, jobs
from campaign.core.settings import current_settings
from campaign.models.about import AboutPage, PrivacyNotice


def find_newest(session: Session, locale: str) -> PrivacyNotice | None:
    return session.scalar(
        select(PrivacyNotice)
        .where(PrivacyNotice.locale == locale)
        .order_by(PrivacyNotice.id.desc())
        .limit(1)
    )


def note_version(session: Session, locale: str) -> PrivacyNotice:
    """Return the version that the page shows now; it is added where the newest one differs."""
    words = compose_text(session, locale)
    newest = find_newest(session, locale)
    if newest is not None and newest.text == words:
        return newest
    version = PrivacyNotice(locale=locale, text=words)
    session.add(version)
    session.flush()
    return version


def compose_text(session: Session, locale: str) -> str:
    """Return the whole notice as Markdown, with what the organization adds."""
    with force_locale(locale):
        sections = list_sections(current_settings(), locale)
    own = organisation_texts.find_text(session, AboutPage.PRIVACY, locale).text
    parts = [f"## {section.heading}\n\n{section.text}" for section in sections]
    return "\n\n".join(filter(None, [*parts, own]))


@jobs.job("about.note-versions", every_minutes=60)
def note_versions() -> None:
    with db.transaction() as session:
        for locale in i18n.languages():
            note_version(session, locale)
