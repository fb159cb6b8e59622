"""The queue of held letters, by which rules they are held, and what somebody decides about them.

An act (on one letter or on all that a filter shows) changes only letters that still stand as its
reader saw them; whoever comes second changes nothing. The last act of each reader can be undone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, joinedload

from campaign.campaigns import lifecycle
from campaign.campaigns.content.options import check_words
from campaign.campaigns.content.risks import (
    Watch,
    Words,
    list_secret_words,
    newest_flag,
    refuse_changed,
    refuse_unmeant,
)
from campaign.campaigns.content.team import get_campaign_of
from campaign.campaigns.record_change import record_change
from campaign.campaigns.stop_rule import is_stopped_sql, may_go_out_sql
from campaign.core import audit, db, jobs
from campaign.core.answers import NOTHING, Answers
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign
from campaign.models.revision import RiskKind
from campaign.models.screening import Decision, Hold, ScreeningAct, version_of
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.screening.gone_letters import has_gone_out
from campaign.signing.checks.review_decision import (
    find_flagged_words,
    find_secret_words,
    find_silent_reasons,
    lock_silent_holds,
)
from campaign.signing.checks.screening_rules import LEAST_ALIKE, SILENT, ScreeningRules, skeleton
from campaign.signing.confirm_letter import enqueue_followups
from campaign.signing.mails import WAITING, LetterMail, MailName, case_facts, letter_url, mail_name
from campaign.signing.signed_links import signed_link
from campaign.signing.states import check_move, move_signature
from campaign.staff.deciders import refuse_role
from campaign.staff.staff_users import actor_name

SCREENERS = (Role.STAFF, Role.ADMIN)  # Who sees supporters before their letters are printed
MOST_AT_ONCE = 500
COUNTED = 1000  # Beyond so many nobody wants to know the number
NOTE_LIMIT = 1000
_STATE_AFTER = {
    Decision.APPROVED: SignatureState.CONFIRMED,
    Decision.REJECTED: SignatureState.REJECTED,
    Decision.RETURNED: SignatureState.HELD,
}
DECISIONS = {"approve": Decision.APPROVED, "return": Decision.RETURNED, "reject": Decision.REJECTED}
_UNDO_WITHIN = timedelta(hours=12)


class NamesRisk(Refused):
    """A letter that would be approved says what a risk flag rules out, and nobody said to."""

    def __init__(self) -> None:
        super().__init__("letter-names-risk")


@dataclass(frozen=True, slots=True)
class HeldFilter:
    campaign_id: int | None = None
    reason: str = ""
    decision: Decision = Decision.OPEN

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        filters: list[ColumnElement[bool]] = [
            Hold.decision == self.decision,
            Hold.campaign_id.not_in(select(Campaign.id).where(is_stopped_sql())),
        ]
        if self.campaign_id is not None:
            filters.append(Hold.campaign_id == self.campaign_id)
        if self.reason:
            # As JSON on both databases: ["first", "similar"].
            named = cast(Hold.reasons, String).contains(f'"{self.reason}"', autoescape=True)
            # PostgreSQL takes a LIKE for rare and would sort all that it finds; this it takes for
            # common, and walks the queue in its order.
            filters.append(func.coalesce(named, False).is_(True))
        return tuple(filters)


def refuse_reader(session: Session, campaign_id: int | None, by: StaffUser) -> None:
    """Raise NotFound (`letter`) for others than screeners, and organizers in a rehearsal."""
    campaign = session.get(Campaign, campaign_id) if campaign_id else None
    if by.role is Role.ORGANIZER and campaign and lifecycle.is_rehearsal(campaign.status):
        refuse_role(by, list(Role), "letter")
        get_campaign_of(session, campaign.slug, by)
    else:
        refuse_role(by, SCREENERS, "letter")


def list_held(
    session: Session, chosen: HeldFilter, *, by: StaffUser, limit: int, after: Hold | None = None
) -> Sequence[Hold]:
    """Return letters that wait, the oldest first, those that follow `after`. Raises NotFound."""
    refuse_reader(session, chosen.campaign_id, by)
    query = select(Hold).where(*chosen.conditions())
    if after is not None:
        query = query.where(
            (Hold.held_at > after.held_at)
            | ((Hold.held_at == after.held_at) & (Hold.signature_id > after.signature_id))
        )
    loaded = query.options(joinedload(Hold.signature)).order_by(Hold.held_at, Hold.signature_id)
    return session.scalars(loaded.limit(limit)).all()


def count_held(session: Session, chosen: HeldFilter) -> int:
    some = select(Hold.signature_id).where(*chosen.conditions()).limit(COUNTED)
    return db.count_rows(session, some)


def list_campaigns(session: Session) -> Sequence[Campaign]:
    undecided = exists().where(
        Hold.campaign_id == Campaign.id, Hold.decision.in_((Decision.OPEN, Decision.RETURNED))
    )
    return session.scalars(
        select(Campaign).where(undecided, may_go_out_sql()).order_by(Campaign.reference)
    ).all()


def get_held(session: Session, public_id: str, chosen: HeldFilter, *, by: StaffUser) -> Hold:
    """Return a letter that waits. Raises NotFound (`letter`), also where `by` reads none."""
    refuse_reader(session, chosen.campaign_id, by)
    signed = select(Signature.id).where(Signature.public_id == public_id)
    query = select(Hold).where(*chosen.conditions(), Hold.signature_id.in_(signed))
    return db.get_row(session, query, "letter")


def list_versions(session: Session, chosen: HeldFilter) -> dict[str, str]:
    """Return `Hold.version` of all that are decided about at once, by their public ids."""
    held = select(Hold.signature_id, Hold.seal_id).where(*chosen.conditions())
    first = held.order_by(Hold.held_at, Hold.signature_id).limit(MOST_AT_ONCE).subquery()
    of_first = Signature.id == first.c.signature_id
    rows = session.execute(select(Signature.public_id, first.c.seal_id).join(first, of_first))
    return {public_id: version_of(seal_id) for public_id, seal_id in rows}


def list_ids(session: Session, chosen: HeldFilter, *, seen: Collection[str]) -> list[str]:
    """Return the public ids of those of them whose `Hold.version` was `seen`."""
    versions = list_versions(session, chosen)
    return [public_id for public_id, version in versions.items() if version in seen]


def decide(
    session: Session,
    *,
    public_ids: Sequence[str],
    decision: Decision,
    by: StaffUser,
    now: datetime,
    seen: Collection[str],
    note: str = "",
    risks_seen: Answers = NOTHING,
    flagged_seen: bool = False,
    flags_seen: int | None = None,
) -> ScreeningAct:
    """Approve, return or reject letters that wait; one act of audit and undo.

    Those of which another `Hold.version` was `seen`, or none, wait on. Of several that are
    returned, those whose mailbox had its mails of the day are left to wait, and those in a bundle,
    which nobody can change; of several that are rejected, those that have gone out. Raises NotFound
    where `by` reads none of these; Invalid (`note`: `note-missing`, `note-too-long`) where a return
    or a rejection has no reason; RiskNamed where a note that is mailed says what a risk flag rules
    out; NamesRisk where a letter to be approved does, unless that was `flagged_seen` and no flag
    beyond `flags_seen`, the newest that its reader saw, is named; Refused: `nothing-held` (somebody
    else decided before), `letter-in-bundle`, `letter-gone`, `cannot-mail` (no mail went).
    """
    written_to = select(Signature.campaign_id).where(Signature.public_id.in_(public_ids))
    for campaign_id in session.scalars(written_to.distinct()):
        refuse_reader(session, campaign_id, by)
    note = _checked_note(note, decision)
    if decision is Decision.RETURNED:
        _refuse_risks(session, public_ids, note, seen=risks_seen)
    taken = _claim_letters(session, public_ids, decision, seen)
    if not taken:
        raise Refused(_find_why_none(session, public_ids, decision))
    if decision is Decision.APPROVED and _name_unseen(
        session, taken, is_ticked=flagged_seen, newest=flags_seen
    ):
        raise NamesRisk
    if decision is Decision.RETURNED:
        taken = _leave_printed(taken)
        taken = [signature for signature in taken if _send_back(session, signature, note)]
        if not taken:
            raise Refused("cannot-mail")
    act = ScreeningAct(staff_id=by.id, at=now, decision=decision, letters=len(taken))
    db.add_row(session, act)
    values: dict[str, object] = {"decision": decision, "act_id": act.id, "note": note or None}
    if decision is Decision.RETURNED:
        values["returned_at"] = now
    _change_holds(session, taken, values)
    for signature in taken:
        if signature.state_before is None:  # of one held in silence they went when it was confirmed
            enqueue_followups(session, signature, now)
        signature.state_before = None
        signature.flags_checked = newest_flag(signature.campaign)
    session.flush()
    _record_act(session, by, f"letter.{decision.value}", taken, act)
    return act


def _change_holds(
    session: Session, signatures: Sequence[Signature], values: dict[str, object]
) -> None:
    """Change them one by one: a note is sealed for its row."""
    held = select(Hold).where(Hold.signature_id.in_([signature.id for signature in signatures]))
    for hold in session.scalars(held.execution_options(populate_existing=True)):
        for name, value in values.items():
            setattr(hold, name, value)
    session.flush()


def _checked_note(note: str, decision: Decision) -> str:
    note = note.strip()
    if decision in {Decision.RETURNED, Decision.REJECTED} and not note:
        raise Invalid(fields={"note": "note-missing"})
    if len(note) > NOTE_LIMIT:
        raise Invalid(fields={"note": "note-too-long"})
    return note


def _refuse_risks(session: Session, public_ids: Sequence[str], note: str, *, seen: Answers) -> None:
    written_to = select(Signature.campaign_id).where(Signature.public_id.in_(public_ids))
    for campaign in session.scalars(select(Campaign).where(Campaign.id.in_(written_to))):
        words = Words("note", campaign.default_locale, "note", note)
        refuse_changed(session, campaign, [words], seen=seen)
        # The form keeps quiet about these as well: they lead to a flag.
        secret = Watch((RiskKind.OTHER, word) for word in list_secret_words(campaign))
        refuse_unmeant(secret.findings([words]), seen=seen)


def list_flagged(session: Session, public_ids: Sequence[str]) -> set[str]:
    signatures = session.scalars(select(Signature).where(Signature.public_id.in_(public_ids))).all()
    return {signature.public_id for signature in _find_flagged(session, signatures)}


def _find_flagged(session: Session, signatures: Sequence[Signature]) -> list[Signature]:
    """Return those held in silence, for a risk flag, and those that a later flag concerns."""
    held = session.execute(
        select(Hold.signature_id, Hold.reasons).where(
            Hold.signature_id.in_([signature.id for signature in signatures])
        )
    )
    for_risk = {number for number, reasons in held if not SILENT.isdisjoint(reasons)}
    return [
        signature
        for signature in signatures
        if signature.id in for_risk
        or (flagged := find_flagged_words(signature))
        or find_secret_words(signature, flagged)
    ]


def _name_unseen(
    session: Session, signatures: Sequence[Signature], *, is_ticked: bool, newest: int | None
) -> bool:
    """Whether a flag is named that the reader did not approve; None: they approved any."""
    if not is_ticked:
        return bool(_find_flagged(session, signatures))
    if newest is None:
        return False
    return any(find_silent_reasons(signature, after=newest) for signature in signatures)


def find_last_act(session: Session, by: StaffUser, now: datetime) -> ScreeningAct | None:
    act = session.scalar(
        select(ScreeningAct)
        .where(ScreeningAct.staff_id == by.id)
        .order_by(ScreeningAct.id.desc())
        .limit(1)
    )
    if act is None or act.undone_at is not None or act.at < now - _UNDO_WITHIN:
        return None
    return act


@dataclass(frozen=True, slots=True)
class UndoneAct:
    """How many letters are under review again, and how many were excluded since, and stay so."""

    reopened: int
    excluded: int


def undo(session: Session, *, by: StaffUser, now: datetime, act_id: int) -> UndoneAct:
    """Put the letters of the last act back into the queue.

    Left alone are those that their writers have changed, withdrawn or had erased since, that
    somebody else decided about, that were found false, that have gone out, and approved ones that
    a bundle holds, unless they say what a risk flag rules out: those are held there in silence.
    Raises Refused where the last act is not the one that its reader saw: `undone-already`,
    `decided-since`, or `nothing-to-undo` where there is none any more.
    """
    act = find_last_act(session, by, now)
    if act is None or act.id != act_id:
        raise Refused(_find_why_not(session, act, act_id, by))
    act.undone_at = now
    mine = (Hold.act_id == act.id, Hold.decision == act.decision)
    held = session.execute(select(Hold.signature_id, Hold.reasons).where(*mine))
    reasons = dict(held.all())
    ids = list(reasons)
    _lock_campaigns(session, select(Hold.campaign_id).where(Hold.act_id == act.id))
    after = _STATE_AFTER[act.decision]
    check_move(after, SignatureState.HELD)
    as_decided = [db.unindexed(Signature.state) == after]
    if act.decision is not Decision.REJECTED:
        in_bundle = Signature.letters.any(Letter.bundle_id.is_not(None))
        for_risk = [number for number, why in reasons.items() if not SILENT.isdisjoint(why)]
        as_decided.append(or_(~in_bundle, and_(Signature.id.in_(for_risk), ~has_gone_out())))
    back = db.update_returning(
        session, Signature, Signature.id.in_(ids), *as_decided, state=SignatureState.HELD
    )
    reopened: dict[str, object] = {"decision": Decision.OPEN, "act_id": None, "note": None}
    db.update_rows(session, Hold, Hold.signature_id.in_(back), **reopened)
    silent = Signature.id.in_(lock_silent_holds(session, back))
    db.update_rows(session, Signature, silent, state_before=SignatureState.CONFIRMED)
    signatures = session.scalars(
        select(Signature).where(Signature.id.in_(back)).execution_options(populate_existing=True)
    ).all()
    is_excluded = (Signature.id.in_(ids), Signature.state == SignatureState.INVALID)
    excluded = db.count_rows(session, select(Signature.id).where(*is_excluded))
    left = act.letters - len(back)
    detail = {"unchanged": left} if left else {}
    _record_act(session, by, "letter.decision-undone", signatures, act, **detail)
    return UndoneAct(len(back), excluded)


def _find_why_not(session: Session, last: ScreeningAct | None, act_id: int, by: StaffUser) -> str:
    seen = session.get(ScreeningAct, act_id)
    if seen is not None and seen.staff_id == by.id and seen.undone_at is not None:
        return "undone-already"
    return "decided-since" if last else "nothing-to-undo"


def _claim_letters(
    session: Session, public_ids: Sequence[str], decision: Decision, seen: Collection[str]
) -> Sequence[Signature]:
    undecided = select(Hold.signature_id).where(
        Hold.decision.in_((Decision.OPEN, Decision.RETURNED)), Hold.decision != decision
    )
    taken = session.scalars(
        select(Signature)
        .where(
            Signature.public_id.in_(public_ids),
            db.unindexed(Signature.state) == SignatureState.HELD,
            Signature.id.in_(undecided),
            Signature.campaign_id.in_(select(Campaign.id).where(may_go_out_sql())),
            *([~has_gone_out()] if decision is Decision.REJECTED else []),
        )
        .order_by(Signature.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    # Asked once they are locked: a change that was waited for is known only now.
    ids = [signature.id for signature in taken]
    holds = session.scalars(
        select(Hold).where(Hold.signature_id.in_(ids)).execution_options(populate_existing=True)
    )
    changed = {hold.signature_id for hold in holds if hold.version not in seen}
    taken = [signature for signature in taken if signature.id not in changed]
    for signature in taken:
        move_signature(signature, _STATE_AFTER[decision])
    return taken


def _find_why_none(session: Session, public_ids: Sequence[str], decision: Decision) -> str:
    gone = select(Signature.id).where(
        Signature.public_id.in_(public_ids),
        db.unindexed(Signature.state) == SignatureState.HELD,
        has_gone_out(),
    )
    is_refused = decision is Decision.REJECTED and db.has_row(session, gone.limit(1))
    return "letter-gone" if is_refused else "nothing-held"


def _lock_campaigns(session: Session, ids: Select[int]) -> None:
    """Keep bundles from freezing while letters are taken out of what they would freeze."""
    query = select(Campaign.id).where(Campaign.id.in_(ids)).order_by(Campaign.id)
    session.execute(query.with_for_update(key_share=True)).all()


def _leave_printed(signatures: Sequence[Signature]) -> list[Signature]:
    left = [
        signature
        for signature in signatures
        if all(letter.bundle_id is None for letter in signature.letters)
    ]
    if not left:
        raise Refused("letter-in-bundle")
    return left


def _send_back(session: Session, signature: Signature, note: str) -> bool:
    """Mail what is to be changed, with a link beside the one before; False: not mailed.

    The page was promised to who has the earlier link: it stays theirs.
    """
    if lifecycle.is_rehearsal(signature.campaign.status):
        return True  # invented people get no mail
    mail = LetterReturned(
        note=note,
        link=letter_url(signature.locale, signed_link(WAITING, signature.public_id)),
        writer=mail_name(signature.given_name),
        **case_facts(signature.campaign, signature.locale),
    )
    return mail.send(
        session, to=signature.email, locale=signature.locale, campaign_id=signature.campaign_id
    )


def _record_act(
    session: Session,
    by: StaffUser,
    action: str,
    signatures: Sequence[Signature],
    act: ScreeningAct,
    **detail: int,
) -> None:
    of_act = session.scalars(select(Hold.campaign_id).where(Hold.act_id == act.id).distinct())
    campaigns = sorted({*of_act, *(signature.campaign_id for signature in signatures)})
    letters = [signature.public_id for signature in signatures]
    audit.record(
        session, actor_name(by), action, act, letters=letters, campaigns=campaigns, **detail
    )
    jobs.enqueue(session, "campaigns.count")
    ids = [signature.id for signature in signatures]
    set_aside = Letter.signature_id.in_(ids), Letter.set_aside.is_not(None)
    if act.decision is Decision.APPROVED and db.has_row(session, select(Letter).where(*set_aside)):
        jobs.enqueue(session, "bundles.restore")  # pages say at once that it waits
    if campaigns and act.decision is Decision.REJECTED:
        jobs.enqueue(session, "paper.match", *campaigns)  # the row of a rejected letter counts


class LetterReturned(LetterMail, kind="letter-returned"):
    writer: MailName = MailName("")
    note: str
    link: str


def count_waiting(session: Session, campaign: Campaign) -> int:
    """Count letters that wait; those of a rehearsal wait for nobody."""
    if lifecycle.is_rehearsal(campaign.status):
        return 0
    waiting = select(Hold.signature_id).where(*HeldFilter(campaign.id).conditions())
    return db.count_rows(session, waiting)


def waiting_by_campaign() -> Subquery:
    """Count letters that wait, as the queue lists them: `campaign_id` and `letters`."""
    waiting = select(Hold.campaign_id, func.count().label("letters"))
    return waiting.where(*HeldFilter().conditions()).group_by(Hold.campaign_id).subquery()


def set_rules(session: Session, campaign: Campaign, *, rules: ScreeningRules, actor: str) -> None:
    """Set the rules for letters confirmed from now on; the audit tells no word. Raises Invalid."""
    words = tuple(check_words("watched", rules.watched))
    if 0 < rules.alike < LEAST_ALIKE:
        raise Invalid(fields={"alike": "alike-too-few"})
    if rules.longer_than and rules.shorter_than >= rules.longer_than:
        raise Invalid(fields={"shorter_than": "shorter-than-longer"})
    stored = replace(rules, watched=words).stored
    if stored == campaign.screening:
        return
    campaign.screening = stored
    public = {name: value for name, value in stored.items() if name != "watched"}
    record_change(
        session, campaign, actor, "campaign.screening", **public, watched_words=len(words)
    )


def list_lookalike_references(session: Session, campaign: Campaign) -> Sequence[str]:
    shape = skeleton(campaign.reference)
    rows = session.scalars(select(Campaign.reference).where(Campaign.id != campaign.id))
    return sorted(row for row in rows if skeleton(row) == shape)
