"""What the cover letter to a mission says: staff may write it, per mission and language.

A text is kept as versions that never change; a bundle's cover letter takes the newest that was
there when it was frozen, so that printing it again gives the same letter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from types import MappingProxyType

from babel.languages import get_official_languages
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import sending_country_of
from campaign.campaigns.content.risks import Words, refuse_named_in
from campaign.core import audit, db
from campaign.core.answers import NOTHING, Answers
from campaign.core.errors import Invalid
from campaign.models.bundle import CoverText
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import Mission, Official
from campaign.printing.check_letters import check_characters
from campaign.printing.placeholders import unknown_placeholders

PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("letters", "counts", "sheets"), "bundle"),
        **dict.fromkeys(("person_name", "reference"), "campaign"),
        **dict.fromkeys(("mission", "head_of_mission"), "mission"),
        **dict.fromkeys(("organisation", "email"), "organisation"),
    }
)
"""Every placeholder of a cover letter, with what its value belongs to.

`counts` is a line of its own: the table of letters per official stands there. `sheets` is the
sentence on sheets that were signed by hand; a paragraph that is left empty falls away.
"""
LIMITS: Mapping[str, int] = MappingProxyType(
    {"subject": 200, "salutation": 200, "body": 4000, "close": 200}
)
"""Characters that each part may have."""


@dataclass(frozen=True, slots=True)
class CoverWords:
    subject: str
    salutation: str
    body: str
    close: str


def find_words(
    session: Session, *, mission_id: int | None, locale: str, at: datetime | None = None
) -> CoverWords | None:
    """The newest text (as of `at`) for a mission in a language; None: the usual one is taken."""
    query = select(CoverText).where(CoverText.mission_id == mission_id, CoverText.locale == locale)
    if at is not None:
        query = query.where(CoverText.created_at <= at)
    newest = session.scalars(query.order_by(CoverText.version.desc()).limit(1)).first()
    if newest is None or not newest.body:
        return None
    return CoverWords(newest.subject, newest.salutation, newest.body, newest.close)


def save_words(
    session: Session,
    *,
    mission: Mission,
    locale: str,
    words: CoverWords | None,
    actor: str,
    risks_seen: Answers = NOTHING,
) -> None:
    """Keep a new version; None for `words` goes back to the usual text.

    Nothing is kept where nothing changed. Raises Invalid: `cover-empty`, `cover-too-long`,
    `cover-placeholder`, `cover-character`, by field; RiskNamed where a flag of a campaign whose
    letters go to the mission rules the words out.
    """
    if words is not None:
        check_words(words)
        aimed = select(Target.campaign_id).where(Target.mission_id == mission.id)
        campaigns = session.scalars(select(Campaign).where(Campaign.id.in_(aimed))).all()
        texts = [Words("cover", locale, name, text) for name, text in asdict(words).items()]
        refuse_named_in(campaigns, texts, seen=risks_seen)
    if words == find_words(session, mission_id=mission.id, locale=locale):
        return
    of_letter = (CoverText.mission_id == mission.id, CoverText.locale == locale)
    last = session.scalar(select(func.max(CoverText.version)).where(*of_letter))
    row = CoverText(
        mission_id=mission.id,
        locale=locale,
        version=(last or 0) + 1,
        created_by_id=audit.staff_id(actor),
        **asdict(words or CoverWords("", "", "", "")),
    )
    db.add_row(session, row)
    audit.record(
        session,
        actor,
        "bundle.cover-text",
        f"mission:{mission.public_id}",
        locale=locale,
        version=row.version,
    )


def check_words(words: CoverWords) -> None:
    """Raise Invalid where the words cannot be printed, or name a placeholder that is none."""
    problems: dict[str, str] = {}
    for name, text in asdict(words).items():
        if not text.strip():
            problems[name] = "cover-empty"
        elif len(text) > LIMITS[name]:
            problems[name] = "cover-too-long"
        elif unknown_placeholders(text, PLACEHOLDERS):
            problems[name] = "cover-placeholder"
        elif check_characters({name: (text,)}):
            problems[name] = "cover-character"
    if problems:
        raise Invalid(fields=problems)


def unknown_in(words: CoverWords) -> list[str]:
    """List what is in double parentheses and is no placeholder, in order, each once."""
    return unknown_placeholders("\n".join(astuple(words)), PLACEHOLDERS)


def language_of(mission: Mission | Official, locales: Sequence[str]) -> str:
    """The language of a mission: the first of its country's that the site has, else the site's.

    Of an official, the one they prefer, then their country's; those first in which the directory
    knows how to greet them.
    """
    spoken = list(get_official_languages(sending_country_of(mission), de_facto=True))
    offered = {locale.split("-")[0].split("_")[0]: locale for locale in reversed(locales)}
    if isinstance(mission, Official):
        spoken.insert(0, mission.preferred_locale.split("-")[0])
        greeted = {code.split("-")[0] for code, words in mission.salutation.items() if words}
        offered = {code: offered[code] for code in offered if code in greeted} or offered
    usual = next(locale for locale in locales if locale in offered.values())
    return next((offered[language] for language in spoken if language in offered), usual)


def move_texts(session: Session, kept_id: int, gone_id: int, _actor: str) -> None:
    """Two missions become one: its texts stay, and those in other languages come along."""
    kept_locales = select(CoverText.locale).where(CoverText.mission_id == kept_id)
    db.delete_rows(
        session, CoverText, CoverText.mission_id == gone_id, CoverText.locale.in_(kept_locales)
    )
    db.update_rows(session, CoverText, CoverText.mission_id == gone_id, mission_id=kept_id)
