"""A second person for public words: one organizer proposes them, another one publishes them.

Asked for by the setting `second_person_posts`, once a campaign is public.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle, mails
from campaign.campaigns.content import drafts, team, updates
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.record_change import REASON_KINDS, drop_empty, return_proposed_reasons
from campaign.campaigns.status_changes import check_closing, check_reason, stop_campaign
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import audit, db
from campaign.core.answers import ANYTHING, NOTHING, Answers
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.settings import current_settings
from campaign.models.campaign import Campaign, StopKind, UpdateKind
from campaign.models.revision import Proposal, ProposalKind, ProposalState
from campaign.models.staff import WRITERS, StaffUser
from campaign.staff.staff_users import actor_name

_STOP_KIND = "stop-kind"
"""Beside the reasons by language, in what is kept of a proposal."""
UPDATE = "update"
"""The part of drafts of updates; that of one which is written again is kept at its proposal."""
WITH_AUTHOR = (ProposalState.PENDING, ProposalState.DECLINED)
"""Where its author has it to do, or waits for somebody else; its words are kept."""


def needs_approval(campaign: Campaign) -> bool:
    return current_settings().second_person_posts and lifecycle.is_public(campaign.status)


def may_decide(proposal: Proposal, by: StaffUser) -> bool:
    """Whether that person may approve or return it, if they see the campaign: not its author."""
    return by.role in WRITERS and by.id != proposal.made_by_id


def get_proposal(session: Session, campaign: Campaign, public_id: str) -> Proposal:
    own = select(Proposal).filter_by(campaign_id=campaign.id, public_id=public_id)
    return db.get_row(session, own, "proposal")


def is_kept(proposal: Proposal) -> bool:
    """Whether its author can write it again: also what they recalled, until they delete it."""
    is_recalled = proposal.state is ProposalState.WITHDRAWN and bool(proposal.payload)
    return is_recalled or proposal.state in WITH_AUTHOR


def list_waiting(session: Session, campaign: Campaign, by: StaffUser) -> Sequence[Proposal]:
    """What waits for a second person, came back to `by` or was recalled, the oldest first."""
    rows = session.scalars(
        select(Proposal)
        .where(Proposal.campaign_id == campaign.id)
        .where(Proposal.state.in_((*WITH_AUTHOR, ProposalState.WITHDRAWN)))
        .where((Proposal.state == ProposalState.PENDING) | (Proposal.made_by_id == by.id))
        .order_by(Proposal.id)
    )
    return [proposal for proposal in rows if is_kept(proposal)]


def list_unpublished_by_others(
    session: Session, campaign: Campaign, by: StaffUser
) -> list[Proposal]:
    """List updates that colleagues unpublished and may publish again, the oldest first."""
    kept = select(Proposal).filter_by(
        campaign_id=campaign.id, kind=ProposalKind.UPDATE, state=ProposalState.DECLINED
    )
    kept = kept.where(Proposal.made_by_id != by.id).order_by(Proposal.id)
    return [proposal for proposal in session.scalars(kept) if proposal.is_unpublished]


def list_newer(session: Session, proposal: Proposal, by: StaffUser) -> list[Proposal]:
    """Return what waits in place of one that was replaced; nothing for any other."""
    if proposal.state is not ProposalState.OBSOLETE:
        return []
    return [
        waiting
        for waiting in list_waiting(session, proposal.campaign, by)
        if waiting.id > proposal.id
    ]


def find_waiting_reasons(session: Session, campaign: Campaign) -> Proposal | None:
    """Find the reasons that wait for a second person, by whomever: another writer replaces them."""
    waiting = select(Proposal).filter_by(campaign_id=campaign.id, state=ProposalState.PENDING)
    waiting = waiting.where(Proposal.kind.in_(REASON_KINDS)).order_by(Proposal.id.desc()).limit(1)
    return session.scalar(waiting)


def propose_update(
    session: Session,
    campaign: Campaign,
    *,
    by: StaffUser,
    happened_on: date,
    replaces: Proposal | None = None,
    **post: Unpack[updates.NewUpdate],
) -> Proposal:
    """Keep an update until a second person approves it. Raises as `updates.post_update` does."""
    written = updates.check_update(session, campaign, **post)
    telling, pictures = post.get("telling", updates.NOBODY), post.get("pictures", ())
    payload = _content_of_update(post["kind"], happened_on, written, telling, pictures)
    picture = pictures[0].key if pictures else ""
    return _keep(session, campaign, ProposalKind.UPDATE, payload, by, replaces, picture)


def _content_of_update(
    kind: UpdateKind,
    happened_on: date,
    words: updates.Words,
    telling: updates.Telling,
    pictures: Sequence[updates.Shown],
) -> Content:
    return {
        "kind": kind.value,
        "happened_on": happened_on.isoformat(),
        "words": dict(words),
        "tell_network": telling.network,
        "tell_signers": telling.signers,
        "corrects": telling.corrects,
        "pictures": [{"key": picture.key, "alt": dict(picture.alt)} for picture in pictures],
    }


def unpublish_update(
    session: Session,
    campaign: Campaign,
    update_id: int,
    *,
    by: StaffUser,
    published_at: datetime | None = None,
) -> Proposal:
    """Take an update off the page, and keep it with its picture for `by` to write it again.

    Raises as `updates.take_back_update` does.
    """
    update, notice_id = updates.take_back_update(
        session, campaign, update_id, actor=actor_name(by), published_at=published_at
    )
    words = {edition.locale: (edition.title, edition.body) for edition in update.editions}
    pictures = [updates.Shown(update.picture, update.picture_alt)] if update.picture else []
    # Nobody is told a second time unless that is asked for.
    telling = updates.Telling(corrects=notice_id)
    content = _content_of_update(update.kind, update.happened_on, words, telling, pictures)
    proposal = Proposal(
        campaign=campaign,
        kind=ProposalKind.UPDATE,
        payload=json.dumps(content),
        picture=update.picture,
        state=ProposalState.DECLINED,
        made_by=by,
        decided_at=db.utcnow(),
    )
    db.add_row(session, proposal)
    return proposal


def propose_reasons(
    session: Session,
    campaign: Campaign,
    kind: ProposalKind,
    *,
    by: StaffUser,
    reasons: Mapping[str, str],
    stop_kind: StopKind | None = None,
    risks_seen: Answers = NOTHING,
    replaces: Proposal | None = None,
) -> Proposal:
    """Keep the reasons of a closing, or of what has ended, until they are approved.

    With them waits another kind of a stop. With the kind CLOSE the campaign closes then. Raises as
    closing and rewording do.
    """
    if kind is ProposalKind.CLOSE:
        actor = actor_name(by)
        check_closing(session, campaign, actor=actor, reasons=reasons, risks_seen=risks_seen)
    else:
        check_reason(session, campaign, reasons, risks_seen)
    content = drop_empty(reasons)
    if stop_kind and is_stopped(campaign.status) and stop_kind is not campaign.stop_kind:
        content |= {_STOP_KIND: stop_kind.value}
    return _keep(session, campaign, kind, content, by, replaces)


def stop_and_propose(
    session: Session,
    campaign: Campaign,
    *,
    by: StaffUser,
    now: datetime,
    reasons: Mapping[str, str],
    **stop: Any,
) -> Proposal:
    """Stop the campaign now; its reason waits. Raises as `stop_campaign` does."""
    actor = actor_name(by)
    waiting = find_waiting_reasons(session, campaign)
    # Nobody has returned their own: the new ones are in their place.
    own = waiting if waiting is not None and waiting.made_by_id == by.id else None
    stop_campaign(
        session, campaign, actor=actor, now=now, reasons=reasons, reasons_wait=True, **stop
    )
    return propose_reasons(
        session,
        campaign,
        ProposalKind.REASON,
        by=by,
        reasons=reasons,
        risks_seen=ANYTHING,
        replaces=own,
    )


def propose_outcome(
    session: Session, campaign: Campaign, *, by: StaffUser, outcomes: Mapping[str, str]
) -> Proposal:
    """Keep the outcome by language, with what `by` proposed before in other languages."""
    content: dict[str, str] = {}
    earlier = select(Proposal).filter_by(campaign_id=campaign.id, made_by_id=by.id)
    earlier = earlier.where(Proposal.kind == ProposalKind.OUTCOME, Proposal.state.in_(WITH_AUTHOR))
    for proposal in session.scalars(earlier.order_by(Proposal.id)).all():
        content |= content_of(proposal)
        _drop(session, proposal, by, ProposalState.OBSOLETE)
    _drop_recalled_outcomes(session, campaign, by, outcomes)
    return _keep(session, campaign, ProposalKind.OUTCOME, content | dict(outcomes), by, None)


def _drop_recalled_outcomes(
    session: Session, campaign: Campaign, by: StaffUser, replaced: Mapping[str, str]
) -> None:
    """Forget what was recalled in these languages; that in others nobody sends again unasked."""
    for proposal in find_outcomes(session, campaign, by).values():
        others = {code: text for code, text in content_of(proposal).items() if code not in replaced}
        if proposal.state is not ProposalState.WITHDRAWN:
            continue
        if others:
            proposal.payload = json.dumps(others)
        else:
            _drop(session, proposal, by, ProposalState.OBSOLETE)


def find_outcomes(session: Session, campaign: Campaign, by: StaffUser) -> dict[str, Proposal]:
    """By language, the proposal of an outcome that waits, came back to `by` or was recalled."""
    return {
        code: proposal
        for proposal in list_waiting(session, campaign, by)
        if proposal.kind is ProposalKind.OUTCOME
        for code in content_of(proposal)
    }


def return_proposal(session: Session, proposal: Proposal, *, by: StaffUser, why: str) -> None:
    """Give it back to its author with a note. Raises Invalid (`note`), and as `decide`."""
    if not why.strip():
        raise Invalid(fields={"note": "note-missing"})
    decide(session, proposal, ProposalState.DECLINED, by)
    proposal.note = why.strip()
    mails.answer_proposal(session, proposal.campaign, proposal)


def recall_proposal(session: Session, proposal: Proposal, *, by: StaffUser) -> None:
    """Have nobody approve it; its author keeps the words. Raises Refused, as all that follow."""
    if proposal.made_by_id != by.id:
        raise Refused("not-own-proposal")
    _change(session, proposal, (ProposalState.PENDING,), state=ProposalState.WITHDRAWN)
    _note(session, proposal, by, "withdraw")


def delete_proposal(session: Session, proposal: Proposal, *, by: StaffUser) -> None:
    """Delete the words of what came back, was unpublished or was recalled."""
    if proposal.state is ProposalState.PENDING:
        raise Refused("proposal-decided")
    _drop(session, proposal, by, ProposalState.WITHDRAWN)
    place = proposal.public_id
    drafts.drop_everybodys(session, proposal.campaign, part=UPDATE, place=place)


def settle_proposal(session: Session, proposal: Proposal, *, by: StaffUser) -> None:
    """Its author has published it without a second person. Raises Refused where it is gone."""
    _drop(session, proposal, by, ProposalState.OBSOLETE)


def content_of(proposal: Proposal) -> Content:
    """What the form gave; empty once nothing can come of it any more."""
    content: Content = json.loads(proposal.payload or "{}")
    return content


def reasons_in(content: Content) -> dict[str, str]:
    """Return what a proposal says by language, of a closing or of what has ended."""
    return {code: text for code, text in content.items() if code != _STOP_KIND}


def stop_kind_in(content: Content) -> StopKind | None:
    """Return the kind that a stop is to have from then on, where it changes."""
    return StopKind(content[_STOP_KIND]) if _STOP_KIND in content else None


def _keep(
    session: Session,
    campaign: Campaign,
    kind: ProposalKind,
    content: Content,
    by: StaffUser,
    replaces: Proposal | None,
    picture: str = "",
) -> Proposal:
    if kind in REASON_KINDS:
        waiting = find_waiting_reasons(session, campaign)
        if waiting is not None and waiting.made_by_id == by.id:
            _drop(session, waiting, by, ProposalState.OBSOLETE)
        return_proposed_reasons(session, campaign)
    if replaces is not None and is_kept(replaces):
        _drop(session, replaces, by, ProposalState.OBSOLETE)
    proposal = Proposal(
        campaign=campaign, kind=kind, payload=json.dumps(content), picture=picture, made_by=by
    )
    db.add_row(session, proposal)
    audit.record(session, actor_name(by), "campaign.propose", campaign, kind=kind.value)
    mails.ask_for_approval(session, campaign, proposal)
    return proposal


def decide(session: Session, proposal: Proposal, state: ProposalState, by: StaffUser) -> Content:
    """Note the decision of `by`: of all who decide at once, one does. Returns what was proposed.

    Raises NotFound; Refused: `own-proposal`, `proposal-decided`.
    """
    # First the campaign, as every move of it does: two that wait for each other would both fail.
    session.refresh(proposal.campaign, with_for_update={"key_share": True})
    if not team.may_see(session, proposal.campaign, by):
        raise NotFound("proposal")
    if not may_decide(proposal, by):
        raise Refused("own-proposal")
    content, is_returned = content_of(proposal), state is ProposalState.DECLINED
    decision = {"state": state, "decided_by_id": by.id, "decided_at": db.utcnow()}
    kept = {} if is_returned else {"payload": "", "picture": ""}
    _change(session, proposal, (ProposalState.PENDING,), **decision, **kept)
    _note(session, proposal, by, "return" if is_returned else "approve")
    return content


def _drop(session: Session, proposal: Proposal, by: StaffUser, state: ProposalState) -> None:
    if proposal.made_by_id != by.id:
        raise Refused("not-own-proposal")
    if not is_kept(proposal):
        raise Refused("proposal-decided")
    from_ = (*WITH_AUTHOR, ProposalState.WITHDRAWN)
    _change(session, proposal, from_, state=state, payload="", picture="")
    # What is replaced or published instead has an entry of its own: its author recalls nothing.
    if state is ProposalState.OBSOLETE:
        return
    if proposal.is_unpublished:
        audit.record(session, actor_name(by), "campaign.update-delete", proposal.campaign)
    else:
        _note(session, proposal, by, "delete")


def _note(session: Session, proposal: Proposal, by: StaffUser, action: str) -> None:
    campaign, kind = proposal.campaign, proposal.kind.value
    audit.record(session, actor_name(by), f"campaign.proposal-{action}", campaign, kind=kind)


def _change(
    session: Session, proposal: Proposal, from_: Sequence[ProposalState], **values: object
) -> None:
    session.flush()
    is_changed = db.update_row(session, Proposal, proposal.id, Proposal.state.in_(from_), **values)
    session.refresh(proposal)
    if not is_changed:
        raise Refused("proposal-decided")
