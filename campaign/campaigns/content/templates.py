"""Letter templates: every change makes a new version, so that what was signed stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import letter_content
from campaign.campaigns.content.risks import letter_words, refuse_changed
from campaign.campaigns.create_and_edit import stays_ready
from campaign.campaigns.record_change import record_change
from campaign.core import db
from campaign.core.answers import NOTHING, Answers
from campaign.core.errors import Invalid, NotFound
from campaign.core.text.desk_texts import slug_of
from campaign.models.campaign import Campaign, LetterTemplate, TalkingPoint, Target
from campaign.models.revision import Part
from campaign.printing.placeholders import KNOWN, unknown_placeholders

MAX_POINTS = 12
_KEY_WORDS = 4
_KEY_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Point:
    """A talking point as an organizer writes it; a key that is empty is made from the text."""

    text: str
    required: bool = False
    key: str = ""


class UnknownPlaceholders(Invalid):
    """Texts hold what looks like a placeholder and is none: `unknown_by_field`."""

    def __init__(self, unknown: dict[str, list[str]]) -> None:
        fields = dict.fromkeys(unknown, "placeholder-unknown")
        super().__init__("placeholder-unknown", fields=fields)
        self.unknown_by_field = unknown
        self.data.update(found=unknown, known=list(KNOWN))


def current_template(
    session: Session, campaign: Campaign, locale: str, target: Target | None = None
) -> LetterTemplate:
    """The target's own letter, else the one for all. Raises NotFound."""
    template = find_template(session, campaign, locale, target)
    if template is None and target is not None:
        template = find_template(session, campaign, locale, None)
    if template is None:
        raise NotFound("letter-template", locale=locale)
    return template


def find_template(
    session: Session, campaign: Campaign, locale: str, target: Target | None
) -> LetterTemplate | None:
    versions = list_versions(session, campaign, locale, target, limit=1)
    return versions[0] if versions else None


def get_version(
    session: Session, campaign: Campaign, locale: str, target: Target | None, version: int
) -> LetterTemplate:
    query = revisions.select_versions(campaign, locale, target).filter_by(version=version)
    return db.get_row(session, query, "letter-template", locale=locale, version=version)


def list_versions(
    session: Session, campaign: Campaign, locale: str, target: Target | None, limit: int = 50
) -> Sequence[LetterTemplate]:
    versions = revisions.select_versions(campaign, locale, target)
    newest_first = versions.order_by(LetterTemplate.version.desc())
    return session.scalars(newest_first.limit(limit)).all()


def points_to_translate(
    session: Session, campaign: Campaign, locale: str, target: Target | None
) -> LetterTemplate | None:
    """The letter in another language, whose talking points' keys a first version should share."""
    codes = (campaign.default_locale, *campaign.letter_locales)
    others = (find_template(session, campaign, code, target) for code in codes if code != locale)
    return next(filter(None, others), None)


def save_template(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    locale: str,
    subject: str,
    opening: str,
    closing: str,
    points: Sequence[Point],
    target: Target | None = None,
    created_by_id: int | None = None,
    based_on: int | None = None,
    risks_seen: Answers = NOTHING,
) -> LetterTemplate:
    """Save the letter as a new version; the same text again gives the one there is.

    `based_on` is the version that the editor saw (0: none). Raises UnknownPlaceholders, Invalid,
    RiskNamed, Refused (`changed-meanwhile`).
    """
    kept = with_keys(points)
    texts = {"subject": subject, "opening": opening, "closing": closing}
    check_placeholders(points=kept, **texts)
    place = revisions.letter_place(locale, target)
    revisions.check(session, campaign, Part.LETTER, based_on, place)
    newest = find_template(session, campaign, locale, target)
    draft = LetterTemplate(locale=locale, created_by_id=created_by_id, **texts)
    draft.target_id = target.id if target else None
    draft.version = (newest.version if newest else 0) + 1
    draft.points = [
        TalkingPoint(key=point.key, position=place, required=point.required, text=point.text)
        for place, point in enumerate(kept)
    ]
    if newest is not None and letter_content(newest) == letter_content(draft):
        return newest
    words = letter_words(locale, draft, target.official.slug if target else "")
    refuse_changed(session, campaign, words, seen=risks_seen)
    with stays_ready(campaign):
        campaign.templates.append(draft)
    record_change(session, campaign, actor, "campaign.letter", locale=locale, version=draft.version)
    return draft


def check_placeholders(
    *, subject: str, opening: str, closing: str, points: Sequence[Point]
) -> None:
    texts = {"subject": subject, "opening": opening, "closing": closing}
    texts |= {f"points-{place}": point.text for place, point in enumerate(points)}
    unknown_by_field = {
        name: unknown for name, text in texts.items() if (unknown := unknown_placeholders(text))
    }
    if unknown_by_field:
        raise UnknownPlaceholders(unknown_by_field)


def with_keys(points: Sequence[Point]) -> list[Point]:
    """The points with a key each. Raises Invalid: two of the same, or more than MAX_POINTS."""
    if len(points) > MAX_POINTS:
        raise Invalid(fields={"points": "points-too-many"})
    taken = [point.key for point in points if point.key]
    if len(set(taken)) < len(taken):
        raise Invalid(fields={"points": "points-doubled"})
    keyed: list[Point] = []
    for point in points:
        key = point.key or free_key(point.text, taken)
        taken.append(key)
        keyed.append(Point(point.text, point.required, key))
    return keyed


def free_key(text: str, taken: Sequence[str]) -> str:
    """A key from the first words of `text` that none of `taken` is: "restore-both-escorts"."""
    start = "-".join(slug_of(text).split("-")[:_KEY_WORDS])[:_KEY_LIMIT].strip("-") or "point"
    key, number = start, 1
    while key in taken:
        number += 1
        key = f"{start}-{number}"
    return key
