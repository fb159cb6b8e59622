"""Saying otherwise why a campaign was closed or stopped, once everybody reads it."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from campaign.campaigns.changes import drop_empty, drop_proposed_reasons, record_change
from campaign.campaigns.content.blacked_out import refuse_blacked_out
from campaign.campaigns.content.risks import refuse_named, words_by_field
from campaign.campaigns.stop_rule import has_ended, is_stopped
from campaign.core import audit
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, StopKind


def reword_reason(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    reasons: Mapping[str, str],
    kind: StopKind | None = None,
    risks_seen: bool = False,
) -> None:
    """Show these reasons, and this kind of a stop, from now on.

    Nobody is mailed again; the audit keeps the old reasons, sealed.

    Raises Refused (`campaign-status`) where it is not closed or stopped; Invalid with
    `reason_<default language>` where a stop would be left without any; RiskNamed.
    """
    session.refresh(campaign, with_for_update={"key_share": True})
    wanted = check_reason(session, campaign, reasons, risks_seen)
    before = dict(campaign.status_reasons)
    kind_before = campaign.stop_kind
    if kind and is_stopped(campaign.status):
        campaign.stop_kind = kind
    if wanted == before and campaign.stop_kind is kind_before:
        return
    drop_proposed_reasons(session, campaign)
    campaign.status_reasons = wanted
    old = "\n".join(f"{code}: {text}" for code, text in before.items())
    kept = {audit.SEALED_BEFORE: audit.seal_text(old)} if old else {}
    if campaign.stop_kind is not kind_before:
        kept |= {"kind": campaign.stop_kind.value, "before": kind_before.value}
    record_change(session, campaign, actor, "campaign.reason", languages=sorted(wanted), **kept)


def check_reason(
    session: Session, campaign: Campaign, reasons: Mapping[str, str], risks_seen: bool
) -> dict[str, str]:
    """Return the reasons that say something. Raises as `reword_reason` does."""
    if not has_ended(campaign.status):
        raise Refused("campaign-status")
    wanted = drop_empty(reasons)
    if is_stopped(campaign.status) and not wanted:
        raise Invalid(fields={f"reason_{campaign.default_locale}": "reason-missing"})
    if wanted != campaign.status_reasons:
        words = words_by_field("reason", wanted, "reason_")
        refuse_named(campaign, words, seen=risks_seen)
        refuse_blacked_out(session, campaign, words, seen=risks_seen)
    return wanted
