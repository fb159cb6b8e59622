"""An office passes to somebody else."""

from datetime import date

from sqlalchemy.orm import Session

from campaign.core.errors import Invalid, Refused
from campaign.core.text.fold import fold_name
from campaign.directory import offices, officials
from campaign.directory.entries import OfficialDraft
from campaign.directory.risk_flags import refuse_flagged
from campaign.models.directory import Official


def pass_to_new(
    unit: Session, *, predecessor: Official, draft: OfficialDraft, on: date, actor: str
) -> Official:
    """The office passes to a person who is not in the directory yet."""
    successor = officials.create_official(unit, draft=draft, actor=actor)
    return _pass(unit, predecessor, successor, on, actor)


def pass_to(
    unit: Session,
    *,
    predecessor: Official,
    successor: Official,
    on: date,
    actor: str,
    risks_seen: bool = False,
) -> Official:
    """The office passes to somebody who is in the directory; letters name the new office.

    Forms of address that the office had, and that do not name its holder, fill in what lacks.
    Raises Refused where they are one person; FlagNamed as `officials.update_official` does.
    """
    if predecessor.id == successor.id:
        raise Refused("successor-same")
    offices.current_membership(unit, successor)  # what they held before is noted
    passed = of_the_office(predecessor, officials.draft_of(predecessor))
    successor.office = dict(predecessor.office)
    successor.salutation = {**passed.salutation, **successor.salutation}
    successor.close = {**passed.close, **successor.close}
    changed = ("office", "salutation", "close")
    refuse_flagged(unit, successor, changed, seen=risks_seen, actor=actor)
    return _pass(unit, predecessor, successor, on, actor)


def _pass(
    unit: Session, predecessor: Official, successor: Official, on: date, actor: str
) -> Official:
    known = offices.current_membership(unit, predecessor)
    if known is None:
        raise Refused("successor-no-office")
    if known.started_on and on < known.started_on:
        raise Invalid(fields={"on": "before-first"})
    membership = offices.end_office(unit, official=predecessor, on=on, actor=actor)
    assert membership is not None
    offices.begin_office(unit, official=successor, post=membership.post, on=on, actor=actor)
    return successor


def of_the_office(predecessor: Official, draft: OfficialDraft) -> OfficialDraft:
    """What stays when the person goes: office, address, and forms of address without the name.

    Mailboxes and telephones that carry the name go with it.
    """
    names = {
        word
        for name in (predecessor.name, predecessor.given_name, predecessor.family_name)
        for word in fold_name(name).split()
        if len(word) > 2
    }
    return OfficialDraft(
        office=dict(draft.office),
        salutation=_without(draft.salutation, names),
        close=_without(draft.close, names),
        country=draft.country,
        preferred_locale=draft.preferred_locale,
        address=draft.address,
        locality=draft.locality,
        region=draft.region,
        postal_code=draft.postal_code,
        contacts=tuple(
            one for one in draft.contacts if not any(name in fold_name(one.value) for name in names)
        ),
    )


def _without(words: dict[str, str], names: set[str]) -> dict[str, str]:
    return {code: text for code, text in words.items() if not names & set(fold_name(text).split())}
