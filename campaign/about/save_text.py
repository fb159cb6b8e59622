"""Saving what the organization adds to a page: each save is a new version."""

from sqlalchemy.orm import Session

from campaign.about import notice_versions
from campaign.about.organisation_texts import list_versions
from campaign.core import audit, i18n
from campaign.core.errors import Invalid
from campaign.models.about import AboutPage, OrganisationText

MOST_CHARACTERS = 20_000


def save_text(
    session: Session, page: AboutPage, locale: str, *, text: str, staff_id: int
) -> OrganisationText | None:
    """Add a version; None where nothing changed.

    Raises Invalid (`text-too-long`).
    """
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(text) > MOST_CHARACTERS:
        raise Invalid(fields={"text": "text-too-long"})
    versions = list_versions(session, page, locale)
    if text == (versions[0].text if versions else ""):
        return None
    version = OrganisationText(page=page, locale=locale, text=text, written_by_id=staff_id)
    session.add(version)
    session.flush()
    audit.record(
        session,
        actor=f"staff:{staff_id}",
        action="about.edit",
        subject=f"about:{page.value}",
        locale=locale,
        version=len(versions) + 1,
    )
    if page is AboutPage.PRIVACY:
        for code in i18n.languages():
            notice_versions.note_version(session, code)
    return version
