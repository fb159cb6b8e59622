"""What the organization adds to its pages, per page and language, with all versions."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from campaign.core import i18n
from campaign.models.about import AboutPage, OrganisationText


class OwnText(NamedTuple):
    """What a reader sees of it: Markdown, and its language; both empty where there is none."""

    text: str
    language: str


def list_newest(session: Session) -> Mapping[tuple[AboutPage, str], OrganisationText]:
    """Return the newest version of each page and language, by both."""
    newest = select(func.max(OrganisationText.id)).group_by(
        OrganisationText.page, OrganisationText.locale
    )
    rows = session.scalars(
        select(OrganisationText)
        .where(OrganisationText.id.in_(newest))
        .options(joinedload(OrganisationText.written_by))
    )
    return {(row.page, row.locale): row for row in rows}


def list_versions(session: Session, page: AboutPage, locale: str) -> Sequence[OrganisationText]:
    """List all versions of a page's text in one language, the newest first."""
    return session.scalars(
        select(OrganisationText)
        .where(OrganisationText.page == page, OrganisationText.locale == locale)
        .order_by(OrganisationText.id.desc())
        .options(joinedload(OrganisationText.written_by))
    ).all()


def find_text(session: Session, page: AboutPage, locale: str) -> OwnText:
    """Return the text of a page in `locale`, else in another language."""
    newest = list_newest(session)
    texts = {code: version.text for (of, code), version in newest.items() if of is page}
    return OwnText(*i18n.said_in(texts, locale, *i18n.languages()))
