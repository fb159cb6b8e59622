"""Whether a letter counts at once, is looked at first, or is silently set aside.

Asked when a letter is confirmed, and again when it is changed. What a campaign has looked at is
its own setting (`ScreeningRules`); what is false by conditions that stand is set aside without a
word: who floods a campaign must not learn what gave them away.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.risks import (
    Finding,
    Watch,
    Words,
    list_flags,
    list_secret_words,
    newest_flag,
    watch_of,
)
from campaign.core import clock, db
from campaign.core.settings import current_settings, home_country
from campaign.core.text.fold import split_words
from campaign.core.text.person_names import full_name
from campaign.models.campaign import Campaign, LetterTemplate
from campaign.models.revision import RiskFlag
from campaign.models.screening import Decision, Hold, Invalidation
from campaign.models.signature import ExactTimes, Signature, SignatureState
from campaign.models.staff import StaffUser
from campaign.signing.checks.conditions import Conditions
from campaign.signing.checks.screening_rules import (
    SILENT,
    TOLD_BEFORE,
    CaseWords,
    Reason,
    ScreeningRules,
    in_order,
    reasons_of_name,
    reasons_of_text,
)
from campaign.signing.checks.similar import count_alike_text
from campaign.signing.states import check_move
from campaign.signing.validate import SignedForm

_TAKEN = (SignatureState.CONFIRMED, SignatureState.HELD, SignatureState.REJECTED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a letter that its writer has just confirmed."""

    reasons: list[str]  # Why it is held; empty: it is not
    invalidation_id: int | None  # By which it is false, though its writer is told nothing of it
    flags_checked: int = 0  # The newest risk flag that was asked for

    def columns(self, before: SignatureState) -> dict[str, object]:
        return self._columns_of_state(before) | {"flags_checked": self.flags_checked}

    def _columns_of_state(self, before: SignatureState) -> dict[str, object]:
        shown = state_shown(self.reasons)
        if before is SignatureState.INVALID:
            return {"state_before": shown}
        if self.invalidation_id is None:
            state = SignatureState.HELD if self.reasons else SignatureState.CONFIRMED
            check_move(before, state)
            return {"state": state, "state_before": None if shown is state else shown}
        check_move(before, SignatureState.INVALID)
        return {
            "state": SignatureState.INVALID,
            "state_before": shown,
            "invalidation_id": self.invalidation_id,
        }


def state_shown(reasons: Collection[str]) -> SignatureState:
    return SignatureState.CONFIRMED if SILENT.issuperset(reasons) else SignatureState.HELD


def lock_silent_holds(session: Session, ids: Sequence[int]) -> list[int]:
    """Lock all; return those of which the writer must not learn. Who was sent one back knows."""
    letters = select(Signature.id).where(Signature.id.in_(ids)).order_by(Signature.id)
    session.execute(letters.with_for_update()).all()
    waiting = select(Hold.signature_id, Hold.reasons).where(
        Hold.signature_id.in_(ids),
        Hold.decision.in_((Decision.OPEN, Decision.ASIDE)),
        Hold.note.is_(None),
    )
    return [
        number
        for number, reasons in session.execute(waiting)
        if state_shown(reasons) is SignatureState.CONFIRMED
    ]


def judge_letter(session: Session, signature: Signature) -> Verdict:
    invalidation_id = _find_standing_invalidation(session, signature)
    return Verdict(reasons_of(session, signature), invalidation_id, newest_flag(signature.campaign))


def reasons_of(session: Session, signature: Signature) -> list[str]:
    rules = ScreeningRules.of(signature.campaign.screening)
    text = words_of(signature)
    case = case_words(signature.campaign)
    reasons = reasons_of_text(
        text,
        rules,
        regions_of(signature.campaign, signature.country),
        proposed_text=find_proposed_text(signature),
        case=case,
    )
    reasons += reasons_of_name(name_of(signature))
    reasons += find_silent_reasons(signature)
    if _is_among_first(session, signature.campaign_id, rules, signature.id):
        reasons.append(Reason.FIRST)
    if rules.alike and count_alike_text(session, signature.campaign_id, text) >= rules.alike:
        reasons.append(Reason.SIMILAR)
    if rules.lookalikes:
        reasons += reasons_of_name(name_of(signature), protected_names(session, signature))
    return in_order(reasons)


def find_silent_reasons(signature: Signature, *, after: int = 0) -> list[str]:
    """Find the reasons of which its writer learns nothing, by flags with an id beyond `after`."""
    flagged = find_flagged_words(signature, after=after)
    names = tuple(flag.words for flag in list_flags(signature.campaign, after))
    reasons: list[str] = [Reason.RISK] if flagged else []
    reasons += set(reasons_of_name(name_of(signature), risks=names)) & SILENT
    if find_secret_words(signature, flagged, after=after):
        reasons.append(Reason.NOT_ALLOWED)
    return in_order(reasons)


def is_checked(campaign_id: int) -> ColumnElement[bool]:
    """Whether a signature of the campaign was judged by its newest risk flags."""
    return Signature.flags_checked >= _select_newest_flag(campaign_id)


def _select_newest_flag(campaign_id: int) -> ColumnElement[int]:
    newest = select(func.max(RiskFlag.id)).where(RiskFlag.campaign_id == campaign_id)
    return func.coalesce(newest.scalar_subquery(), 0)


def list_reasons_told(
    session: Session,
    campaign: Campaign,
    form: SignedForm | Signature,
    templates: Iterable[LetterTemplate],
    *,
    letter_id: int = 0,
) -> list[str]:
    """Return why a letter will be read first, as far as a page may say it before it is signed.

    Risk flags and watched words take no part: who tries how far it goes must not learn them.
    `letter_id`: of the signature that is judged, if it is kept already.
    """
    rules = ScreeningRules.of(campaign.screening)
    reasons = reasons_of_text(
        form.full_text or form.own_words,
        replace(rules, watched=()),
        regions_of(campaign, form.country),
        proposed_text=_proposed_text(templates) if form.full_text else "",
        case=replace(case_words(campaign), risks=()),
    )
    if _is_among_first(session, campaign.id, rules, letter_id):
        reasons.append(Reason.FIRST)
    return [reason for reason in reasons if reason in TOLD_BEFORE]


def is_read_first(session: Session, signature: Signature) -> bool:
    """Tell whether its writer is told, before confirming, that it is read before it is printed."""
    campaign, templates = signature.campaign, [letter.template for letter in signature.letters]
    told = list_reasons_told(session, campaign, signature, templates, letter_id=signature.id)
    return bool(told)


def find_flagged_words(signature: Signature, *, after: int = 0) -> list[Finding]:
    """Find words that a risk flag rules out, and neither the case page nor our own letter says."""
    campaign, locale = signature.campaign, signature.letter_locale
    text = Words("letter", locale, "own_words", words_of(signature))
    name = Words("letter", locale, "name", name_of(signature))
    flagged = watch_of(campaign, after=after).findings([text, name])
    if not flagged:
        return []
    public = f"{case_words(campaign).public}\n{find_proposed_text(signature)}"
    return list(dict.fromkeys(finding for finding in flagged if finding.found not in public))


def find_secret_words(
    signature: Signature, flagged: Sequence[Finding], *, after: int = 0
) -> list[Finding]:
    """Find words not allowed in a letter that the form keeps quiet about (`list_secret_words`).

    Not those that our own letter says, nor those that say the same as one of `flagged`, more or
    less of it.
    """
    text = Words("letter", signature.letter_locale, "own_words", words_of(signature))
    secret_words = list_secret_words(signature.campaign, after=after)
    watch = Watch((None, words) for words in secret_words)
    secret = watch.findings([text])
    proposed = find_proposed_text(signature) if secret else ""
    named = [set(split_words(other.found)) for other in flagged]
    return [
        finding
        for finding in dict.fromkeys(secret)
        if finding.found not in proposed
        and (words := set(split_words(finding.found)))
        and not any(words <= name or name <= words for name in named)
    ]


def case_words(campaign: Campaign) -> CaseWords:
    public = [
        text
        for edition in campaign.editions
        for text in (edition.title, edition.summary, edition.background, *edition.asks)
    ]
    return CaseWords(tuple(flag.words for flag in campaign.risk_flags), "\n".join(public))


def name_of(signature: Signature) -> str:
    return full_name(signature.given_name, signature.family_name)


def words_of(signature: Signature) -> str:
    return signature.full_text or signature.own_words


def regions_of(campaign: Campaign, country: str) -> tuple[str, ...]:
    """Return where telephone numbers of a letter may be from, whose writer lives in `country`."""
    return tuple(filter(None, (campaign.country, home_country(), country)))


def find_proposed_text(signature: Signature) -> str:
    if not signature.full_text:
        return ""
    return _proposed_text(letter.template for letter in signature.letters)


def _proposed_text(templates: Iterable[LetterTemplate]) -> str:
    return "\n".join(
        text
        for template in templates
        for text in (template.opening, template.closing, *(point.text for point in template.points))
    )


def protected_names(session: Session, signature: Signature) -> Iterator[str]:
    settings = current_settings()
    yield settings.organisation_name
    yield signature.campaign.person_name
    yield from signature.campaign.names_by_locale.values()
    yield signature.campaign.reference
    yield from session.scalars(select(StaffUser.name).where(StaffUser.active.is_(True))).all()


def store_hold(session: Session, signature: Signature, reasons: list[str], now: datetime) -> None:
    aside = signature.state is SignatureState.INVALID
    values = {
        "campaign_id": signature.campaign_id,
        "reasons": reasons,
        "held_at": clock.cut_to_day(now, "UTC"),
        # What is found false in silence is in no queue that goes by the moment.
        "exact_at": None if aside else ExactTimes(now).to_text(),
        "decision": Decision.ASIDE if aside else Decision.OPEN,
        "note": None,
        "act_id": None,
    }
    insert = db.insert_into(session, Hold).values(signature_id=signature.id, **values)
    # Sealed for the name that the new row would have had.
    as_new = {name: insert.excluded[name] for name in (*values, "seal_id")}
    session.execute(insert.on_conflict_do_update(index_elements=[Hold.signature_id], set_=as_new))


def note_for(session: Session, signature: Signature) -> str:
    """Return what the writer of a held letter is asked to change; "": it is only being read."""
    if signature.shown_state is not SignatureState.HELD:
        return ""
    hold = session.get(Hold, signature.id)
    if hold is None or hold.decision is not Decision.RETURNED:
        return ""
    return hold.note or ""


def judge_changed(session: Session, signature: Signature, now: datetime) -> None:
    """Judge a letter whose words were changed.

    It may be false by what it says now, as if it came today. One that somebody sent back is looked
    at again in any case. The caller holds the signature.
    """
    if signature.shown_state not in {SignatureState.CONFIRMED, SignatureState.HELD}:
        return
    before = session.get(Hold, signature.id, populate_existing=True)
    reasons = reasons_of(session, signature)
    sent_back = (Decision.RETURNED, Decision.ASIDE)  # set aside since, of which nobody is told
    if before is not None and before.decision in sent_back and before.note is not None:
        reasons = in_order([*reasons, Reason.CHANGED])
    invalidation_id = _find_standing_invalidation(session, signature, changed=True)
    verdict = Verdict(reasons, invalidation_id, newest_flag(signature.campaign))
    for name, value in verdict.columns(signature.state).items():
        setattr(signature, name, value)
    session.flush()
    if reasons:
        store_hold(session, signature, reasons, now)
    else:
        session.execute(delete(Hold).where(Hold.signature_id == signature.id))


def _is_among_first(
    session: Session, campaign_id: int, rules: ScreeningRules, letter_id: int
) -> bool:
    others = (
        select(Signature.id)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.state.in_(_TAKEN),
            Signature.id != letter_id,
        )
        .limit(rules.first)
    )
    return rules.first > 0 and db.count_rows(session, others) < rules.first


def _find_standing_invalidation(
    session: Session, signature: Signature, *, changed: bool = False
) -> int | None:
    """Find the one that also excludes newcomers, and means this. One `changed` may be spared."""
    rows = session.execute(
        select(Invalidation.id, Invalidation.conditions, Invalidation.last_id)
        .where(
            Invalidation.standing.is_(True),
            or_(
                Invalidation.campaign_id.is_(None),
                Invalidation.campaign_id == signature.campaign_id,
            ),
        )
        .order_by(Invalidation.id)
    ).all()
    for invalidation_id, stored, last_id in rows:
        conditions = Conditions.from_json(stored)
        if changed and signature.id <= last_id and conditions.spare(signature.times.signed_at):
            continue
        if conditions.fit_newcomer(
            name=name_of(signature),
            email=signature.email,
            trace=signature.trace,
            text=words_of(signature),
            keyring=db.database().keyring,
        ):
            return invalidation_id
    return None
