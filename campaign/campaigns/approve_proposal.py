"""Publishing what one organizer proposed and another one approves."""

from datetime import date, datetime
from typing import TypedDict

from sqlalchemy.orm import Session

from campaign.campaigns import mails, proposals, status_changes
from campaign.campaigns.content import editions, updates
from campaign.campaigns.content.part_contents import Content
from campaign.campaigns.content.risks import Finding, Words, edition_words, watch_of, words_by_field
from campaign.campaigns.content.updates import Shown, Telling
from campaign.campaigns.record_change import Editing
from campaign.core.answers import NOTHING, Answers
from campaign.models.campaign import UpdateKind
from campaign.models.revision import Proposal, ProposalKind, ProposalState
from campaign.models.staff import StaffUser


class ProposedUpdate(TypedDict):
    kind: UpdateKind
    happened_on: date
    words: dict[str, tuple[str, str]]
    telling: Telling
    pictures: list[Shown]


def approve(
    session: Session,
    proposal: Proposal,
    *,
    by: StaffUser,
    now: datetime,
    risks_seen: Answers = NOTHING,
) -> None:
    """Publish it as if `by` had written it. Raises as `proposals.decide` and publishing do."""
    campaign = proposal.campaign
    content = proposals.decide(session, proposal, ProposalState.APPROVED, by)
    by_actor: Editing = {"actor": f"staff:{by.id}", "risks_seen": risks_seen}
    match proposal.kind:
        case ProposalKind.UPDATE:
            updates.post_update(session, campaign, **update_of(content), **by_actor)
        case ProposalKind.OUTCOME:
            editions.publish_outcomes(session, campaign, outcomes=content, **by_actor)
        case ProposalKind.CLOSE:
            status_changes.close_campaign(session, campaign, now=now, reasons=content, **by_actor)
        case ProposalKind.REASON:
            reasons, stop_kind = proposals.reasons_in(content), proposals.stop_kind_in(content)
            status_changes.reword_reason(
                session, campaign, reasons=reasons, kind=stop_kind, **by_actor
            )
    mails.answer_proposal(session, campaign, proposal)


def risks_in(proposal: Proposal) -> list[Finding]:
    return watch_of(proposal.campaign).findings(_words_of(proposal))


def _words_of(proposal: Proposal) -> list[Words]:
    content = proposals.content_of(proposal)
    if proposal.kind is ProposalKind.OUTCOME:
        return [
            words for code, text in content.items() for words in edition_words(code, outcome=text)
        ]
    if content and proposal.kind is ProposalKind.UPDATE:
        alts = [picture["alt"] for picture in content["pictures"]]
        return list(updates.texts_of(content["words"], alts))
    return words_by_field("reason", proposals.reasons_in(content), "reason_")


def update_of(content: Content) -> ProposedUpdate:
    return {
        "kind": UpdateKind(content["kind"]),
        "happened_on": date.fromisoformat(content["happened_on"]),
        "words": {code: (title, body) for code, (title, body) in content["words"].items()},
        "telling": Telling(
            content["tell_network"], content["tell_signers"], content.get("corrects")
        ),
        "pictures": [Shown(picture["key"], picture["alt"]) for picture in content["pictures"]],
    }
