"""What the organization adds to its pages, and the privacy notice, with all versions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from campaign.about.privacy_notice import list_sections
from campaign.core import audit, db, i18n, jobs
from campaign.core.errors import Invalid
from campaign.core.i18n import force_locale
from campaign.core.settings import Settings, current_settings
from campaign.models.about import AboutPage, OrganisationText, PrivacyNotice

MOST_CHARACTERS = 20_000
_TEXTS = select(OrganisationText).options(joinedload(OrganisationText.written_by))
_TO_FILL_IN = (
    "organisation_name", "organisation_email", "organisation_address", "privacy_officer",
    "supervisory_authority", "hosting_provider", "email_provider", "backup_days", "minimum_age",
)  # fmt: skip


class OwnText(NamedTuple):
    """What a reader sees of it: Markdown, and its language; both empty where there is none."""

    text: str
    language: str


def list_newest(session: Session) -> Mapping[tuple[AboutPage, str], OrganisationText]:
    """Return the newest version of each page and language, by both."""
    text = OrganisationText
    newest = select(func.max(text.id)).group_by(text.page, text.locale)
    rows = session.scalars(_TEXTS.where(text.id.in_(newest)))
    return {(row.page, row.locale): row for row in rows}


def list_versions(session: Session, page: AboutPage, locale: str) -> Sequence[OrganisationText]:
    versions = _TEXTS.filter_by(page=page, locale=locale)
    return session.scalars(versions.order_by(OrganisationText.id.desc())).all()


def find_text(session: Session, page: AboutPage, locale: str) -> OwnText:
    newest = list_newest(session)
    texts = {code: version.text for (of, code), version in newest.items() if of is page}
    return OwnText(*i18n.said_in(texts, locale, *i18n.languages()))


def find_newest_notice(session: Session, locale: str) -> PrivacyNotice | None:
    versions = select(PrivacyNotice).filter_by(locale=locale)
    return session.scalar(versions.order_by(PrivacyNotice.id.desc()).limit(1))


def note_notice(session: Session, locale: str) -> PrivacyNotice:
    """Return the version that the page shows now; it is added where the newest one differs."""
    words = compose_notice(session, locale)
    newest = find_newest_notice(session, locale)
    if newest is not None and newest.text == words:
        return newest
    version = PrivacyNotice(locale=locale, text=words)
    return db.add_row(session, version)


def compose_notice(session: Session, locale: str) -> str:
    """Return the whole notice as Markdown, with what the organization adds."""
    with force_locale(locale):
        sections = list_sections(current_settings(), locale)
    own = find_text(session, AboutPage.PRIVACY, locale).text
    parts = [f"## {section.heading}\n\n{section.text}" for section in sections]
    return "\n\n".join(filter(None, [*parts, own]))


@jobs.job("about.note-versions", every_minutes=60)
def note_notices() -> None:
    with db.transaction() as session:
        for locale in i18n.languages():
            note_notice(session, locale)


def save_text(session: Session, page: AboutPage, locale: str, *, text: str, staff_id: int) -> None:
    """Add a version where something changed. Raises Invalid (`text-too-long`)."""
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(text) > MOST_CHARACTERS:
        raise Invalid(fields={"text": "text-too-long"})
    versions = list_versions(session, page, locale)
    if text == (versions[0].text if versions else ""):
        return
    session.add(OrganisationText(page=page, locale=locale, text=text, written_by_id=staff_id))
    session.flush()
    actor, subject = f"staff:{staff_id}", f"about:{page.value}"
    audit.record(session, actor, "about.edit", subject, locale=locale, version=len(versions) + 1)
    if page is AboutPage.PRIVACY:
        for code in i18n.languages():
            note_notice(session, code)


def list_empty_settings(settings: Settings) -> list[str]:
    if settings.mode != "production":
        return []
    fields = Settings.model_fields
    return [
        name
        for name in _TO_FILL_IN
        if getattr(settings, name) == fields[name].get_default(call_default_factory=True)
    ]


def list_empty_languages(session: Session, settings: Settings) -> Iterator[str]:
    if settings.mode != "production":
        return
    newest = list_newest(session)
    for locale in settings.locales:
        version = newest.get((AboutPage.ABOUT, locale))
        if version is None or not version.text:
            yield locale
