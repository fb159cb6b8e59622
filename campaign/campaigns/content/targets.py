"""Targets: the officials a campaign writes to, and the missions through which it reaches them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content import revisions
from campaign.campaigns.content.address_and_salutation import list_copies
from campaign.campaigns.content.part_contents import Content, targets_content, targets_content_of
from campaign.campaigns.content.rewritten_letters import refuse_rewritten
from campaign.campaigns.content.risks import RiskNamed, Words, refuse_named
from campaign.campaigns.create_and_edit import NotReady, order_letter_locales, stays_ready
from campaign.campaigns.record_change import record_change
from campaign.core import db
from campaign.core.answers import NOTHING, Answers
from campaign.core.db import references_to, table_of
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.directory import where_used
from campaign.models.campaign import Campaign, LetterTemplate, PastCopy, Target, TargetKind
from campaign.models.delivery import LetterMove
from campaign.models.directory import Mission, Official, official_name
from campaign.models.reply import Reply
from campaign.models.revision import Part
from campaign.models.signature import Letter
from campaign.models.staff import StaffUser, sees

_RULED = {table_of(Letter), table_of(LetterTemplate)}


@dataclass(frozen=True, slots=True)
class Aim:
    official: Official
    kind: TargetKind = TargetKind.TO
    mission: Mission | None = None


def find_target(campaign: Campaign, official_slug: str) -> Target | None:
    by_slug = {target.official.slug: target for target in campaign.targets}
    return by_slug.get(official_slug)


def get_target(campaign: Campaign, official_slug: str) -> Target:
    if (target := find_target(campaign, official_slug)) is None:
        raise NotFound("target", official=official_slug)
    return target


def set_targets(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    aims: Sequence[Aim],
    based_on: int | None = None,
    risks_seen: Answers = NOTHING,
) -> list[Target]:
    """Make the targets exactly these, in this order.

    Raises Invalid where an official is named twice or an open campaign would have none to reach;
    Refused (`target-has-letters`, `letters-to-copy`, `changed-meanwhile`); RiskNamed.
    """
    official_ids = [aim.official.id for aim in aims]
    if len(set(official_ids)) < len(official_ids):
        raise Invalid(fields={"official": "target-twice"})
    revisions.check(session, campaign, Part.TARGETS, based_on)
    before = targets_content(campaign)
    kinds = {aim.official.id: aim.kind for aim in aims}
    _refuse_written_to(session, campaign, kinds)
    ways = {aim.official.id: (aim.kind, aim.mission) for aim in aims}
    names = _new_names(campaign, aims)
    refuse_rewritten(session, campaign, ways, names, seen=risks_seen)
    _note_past_copies(campaign, kinds)
    for target in [target for target in campaign.targets if target.official_id not in official_ids]:
        _forget_answers(target)
    with stays_ready(campaign):
        by_official = {target.official_id: target for target in campaign.targets}
        campaign.targets = [
            by_official.get(aim.official.id)
            or Target(official=aim.official, official_id=aim.official.id)
            for aim in aims
        ]
        for place, (target, aim) in enumerate(zip(campaign.targets, aims, strict=True)):
            _note_copy(campaign, target, aim.kind)
            target.kind, target.position, target.mission = aim.kind, place, aim.mission
            target.mission_id = aim.mission.id if aim.mission else None
        order_letter_locales(campaign)
    if (after := targets_content(campaign)) != before:
        revisions.keep(session, campaign, Part.TARGETS, actor, before, after)
        record_change(session, campaign, actor, "campaign.targets", officials=official_ids)
    return list(campaign.targets)


def _refuse_written_to(
    session: Session, campaign: Campaign, kinds: Mapping[int, TargetKind]
) -> None:
    """Raise Refused where signed letters to somebody would have another recipient, by `kinds`."""
    for target in campaign.targets:
        kind = kinds.get(target.official_id)
        if kind is target.kind or kind is TargetKind.TO or not has_letters(session, target):
            continue
        slug = "letters-to-copy" if kind else "target-has-letters"
        raise Refused(slug, official=target.official.slug)


def _note_copy(campaign: Campaign, target: Target, kind: TargetKind) -> None:
    """Note from when on people read that they receive a copy; what was signed stays as it is."""
    if kind is not TargetKind.COPY:
        target.copied_since = None
    elif target.kind is not TargetKind.COPY and lifecycle.is_public(campaign.status):
        target.copied_since = db.utcnow()


def _note_past_copies(campaign: Campaign, kinds: Mapping[int, TargetKind]) -> None:
    """Note until when people read that those receive a copy who no longer do, by `kinds`."""
    for target in list_copies(campaign) if lifecycle.is_public(campaign.status) else ():
        if kinds.get(target.official_id) is not TargetKind.COPY:
            past = {"copied_since": target.copied_since, "removed_at": db.utcnow()}
            campaign.past_copies.append(PastCopy(official_id=target.official_id, **past))


def content_of(aims: Sequence[Aim]) -> Content:
    return targets_content_of(
        (aim.official.slug, aim.kind.value, aim.mission.slug if aim.mission else "") for aim in aims
    )


def has_letters(session: Session, target: Target) -> bool:
    return db.has_row(session, select(Letter.id).where(Letter.target_id == target.id))


def find_officials(session: Session, slugs: Collection[str]) -> dict[str, Official]:
    officials = session.scalars(select(Official).where(Official.slug.in_(slugs)))
    return {official.slug: official for official in officials}


def find_missions(session: Session, slugs: Collection[str]) -> Sequence[Mission]:
    return session.scalars(select(Mission).where(Mission.slug.in_(slugs))).all()


def missions_sent_by(session: Session, countries: Collection[str]) -> Sequence[Mission]:
    return session.scalars(select(Mission).where(Mission.sending_country.in_(countries))).all()


def words_of_official(campaign: Campaign, official: Official) -> list[Words]:
    """What the campaign's pages and letters say of an official, as flags look through it."""
    offices = official.office or {campaign.default_locale: ""}
    return [
        Words("targets", code, "official", f"{official.name}\n{office}", official.slug)
        for code, office in offices.items()
    ]


def _new_names(campaign: Campaign, aims: Sequence[Aim]) -> list[Words]:
    officials = {target.official_id for target in campaign.targets}
    mission_ids = {target.mission_id for target in campaign.targets}
    words = []
    for official in (aim.official for aim in aims if aim.official.id not in officials):
        words += words_of_official(campaign, official)
    for mission in (aim.mission for aim in aims):
        if mission and mission.id not in mission_ids:
            for code, name in (mission.name or {campaign.default_locale: ""}).items():
                text = f"{name}\n{mission.head_of_mission}"
                words.append(Words("targets", code, "mission", text, mission.slug))
    return words


@dataclass(slots=True)
class Replaced:
    """What came of replacing an official on several campaigns."""

    done: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    """Those that aim at the successor already: one of the two targets must go first."""
    lacking: dict[str, Sequence[Gap]] = field(default_factory=dict)
    """What open and scheduled ones would lack with the successor."""
    flagged: list[str] = field(default_factory=list)
    """Those whose risk flags rule out what the successor's entry says."""


def list_aimed(session: Session, *, official: Official, by: StaffUser) -> Sequence[Target]:
    return session.scalars(
        select(Target)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Target.official_id == official.id, where_used.still_writes(), sees(by, Campaign.id))
        .order_by(Campaign.id)
    ).all()


def list_left_behind(session: Session, campaign: Campaign) -> Sequence[str]:
    """List officials (slugs) who left office, and whom letters of a closed campaign still name."""
    return session.scalars(
        select(Official.slug)
        .join(Target, Target.official_id == Official.id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(
            Campaign.id == campaign.id,
            Official.left_on.is_not(None),
            where_used.is_closed_with_letters(),
        )
    ).all()


def replace_official(session: Session, *, target: Target, successor: Official, actor: str) -> None:
    """Aim at the successor from now on; letters that are not in a bundle yet go there too.

    Raises Refused (`target-already`), NotReady, RiskNamed.
    """
    campaign, before = target.campaign, target.official
    if find_target(campaign, successor.slug) is not None:
        raise Refused("target-already", campaign=campaign.reference)
    revisions.check(session, campaign, Part.TARGETS, None)
    refuse_named(campaign, words_of_official(campaign, successor), seen=NOTHING)
    content = targets_content(campaign)
    # Who replaces an official on many campaigns sees none of them: each must be able to open.
    with stays_ready(campaign, scheduled=True):
        target.official, target.official_id = successor, successor.id
        order_letter_locales(campaign)
    _keep_senders(session, target, before)
    for past in campaign.past_copies:
        if past.official_id == before.id:
            past.official_id = successor.id
    session.flush()
    after = targets_content(campaign)
    revisions.keep(session, campaign, Part.TARGETS, actor, content, after)
    ids = {"before": before.id, "after": successor.id}
    record_change(session, campaign, actor, "campaign.successor", **ids)


def _keep_senders(session: Session, target: Target, sender: Official) -> None:
    """Let what was replied so far stay with who did: the target is somebody else from now on."""
    name = official_name(sender, target.campaign.default_locale)
    for reply in session.scalars(select(Reply).where(Reply.target_id == target.id)):
        reply.target, reply.sender = None, reply.sender or name
    _forget_answers(target)


def _forget_answers(target: Target) -> None:
    """Let no update stand beside the official as an answer of theirs."""
    for post in target.campaign.updates:
        if post.target_id == target.id:
            post.target_id = None


def replace_everywhere(
    session: Session, *, targets: Sequence[Target], successor: Official, actor: str
) -> Replaced:
    """Do so on each of the campaigns; one that cannot is left as it is, and named."""
    replaced = Replaced()
    for target in targets:
        reference = target.campaign.reference
        try:
            with session.begin_nested():
                replace_official(session, target=target, successor=successor, actor=actor)
        except Refused:
            replaced.twice.append(reference)
        except RiskNamed:
            replaced.flagged.append(reference)
        except NotReady as problem:
            session.refresh(target)
            session.refresh(target.campaign)
            replaced.lacking[reference] = problem.gaps
        else:
            replaced.done.append(reference)
    return replaced


def move_targets(session: Session, kept_id: int, gone_id: int, actor: str) -> None:
    """Aim at the official who is kept; a campaign that aims at both then has one target.

    Raises Refused (`merge-printed-twice`) where letters to both are in bundles of one campaign.
    """
    session.flush()
    for gone in session.scalars(select(Target).where(Target.official_id == gone_id)).all():
        campaign = gone.campaign
        before = targets_content(campaign)
        both = select(Target).filter_by(campaign_id=gone.campaign_id, official_id=kept_id)
        twin = session.scalar(both)
        survivor = gone.id if twin is None else _fold(session, campaign, twin, gone)
        session.execute(update(Target).where(Target.id == survivor).values(official_id=kept_id))
        session.expire_all()
        after = targets_content(campaign)
        revisions.keep(session, campaign, Part.TARGETS, actor, before, after)


def _fold(session: Session, campaign: Campaign, first: Target, second: Target) -> int:
    """Make one of two targets of a campaign; gives the id of the one that stays."""
    kept, gone = first, second
    if _is_printed(session, second):
        if _is_printed(session, first):
            raise Refused("merge-printed-twice", campaign=campaign.reference)
        kept, gone = second, first
    kept_id, gone_id = kept.id, gone.id
    is_copy = TargetKind.TO not in {kept.kind, gone.kind}
    moments = [moment for moment in (kept.copied_since, gone.copied_since) if moment]
    facts: dict[str, object] = {
        "kind": TargetKind.COPY if is_copy else TargetKind.TO,
        # Whoever read of one of the two read of the same person.
        "copied_since": min(moments) if is_copy and len(moments) == 2 else None,
        "mission_id": kept.mission_id or gone.mission_id,
        "position": min(kept.position, gone.position),
    }
    _move_letters(session, kept_id, gone_id)
    _move_templates(session, kept_id, gone_id)
    for column in references_to(Target):
        if column.table not in _RULED:
            session.execute(update(column.table).where(column == gone_id).values({column: kept_id}))
    session.execute(delete(Target).where(Target.id == gone_id))
    session.execute(update(Target).where(Target.id == kept_id).values(facts))
    return kept_id


def _move_letters(session: Session, kept_id: int, gone_id: int) -> None:
    """Letters follow; of two from one supporter, the one that was never printed goes."""
    has_twin = Letter.signature_id.in_(
        select(Letter.signature_id).where(Letter.target_id == kept_id)
    )
    gone = Letter.target_id == gone_id
    db.delete_rows(session, Letter, gone, Letter.bundle_id.is_(None), has_twin)
    db.update_rows(session, Letter, gone, target_id=kept_id)


def _move_templates(session: Session, kept_id: int, gone_id: int) -> None:
    """What was signed stays; versions of the one that goes come before those of the other."""
    template, own = LetterTemplate, LetterTemplate.target_id
    newest = select(template.locale, func.max(template.version)).where(own == gone_id)
    for locale, version in session.execute(newest.group_by(template.locale)).all():
        mine = select(template.id, template.version).where(
            own == kept_id, template.locale == locale
        )
        for ident, number in session.execute(mine.order_by(template.version.desc())).all():
            moved = update(template).where(template.id == ident)
            session.execute(moved.values(version=number + version))
    session.execute(update(template).where(own == gone_id).values(target_id=kept_id))


def _is_printed(session: Session, target: Target) -> bool:
    """Whether a bundle's frozen facts name it, also one that its letters are in no more."""
    moved = exists().where(LetterMove.letter_id == Letter.id)
    printed = select(Letter.id).where(
        Letter.target_id == target.id, Letter.bundle_id.is_not(None) | moved
    )
    return db.has_row(session, printed)
