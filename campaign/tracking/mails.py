"""The mails about letters that were signed. None holds a word that a signer typed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import may_go_out
from campaign.mail.messages import Context, message
from campaign.models.campaign import Campaign, Update, UpdateKind
from campaign.tracking.news_subscription import still_wanted


@message("my-letters", budget="ask")
def send_my_letters(*, link: str, hours: int) -> Context:
    """The link that opens all letters of a mailbox."""
    return {"link": link, "hours": hours}


@message("no-letters", budget="ask")
def send_no_letters(*, home_url: str) -> Context:
    """Tells who asked for their letters that none was signed with this address."""
    return {"home_url": home_url}


@message("letters-erased", limited=False)
def send_letters_erased(*, kept: bool, home_url: str) -> Context:
    """Confirms that all that was held of a mailbox is erased; `kept`: printed letters remain."""
    return {"kept": kept, "home_url": home_url}


@message("letter-handed-over", limited=False, recheck=still_wanted)
def send_letter_handed_over(
    *,
    person_name: str,
    reference: str,
    case_url: str,
    letters_url: str,
    numbers: list[str],
    mission: str,
    day: str,
    place: str,
    outcome: str,
) -> Context:
    """The letters of a mailbox are out of our hands."""
    return {
        "person_name": person_name,
        "reference": reference,
        "case_url": case_url,
        "letters_url": letters_url,
        "numbers": numbers,
        "mission": mission,
        "day": day,
        "place": place,
        "outcome": outcome,
    }


def _while_it_stands(session: Session, context: Context) -> Context | None:
    """The mail, unless its post was taken back, or a stop lets only an outcome be told."""
    update_id = context.get("update_id")
    if update_id is not None:
        update = session.get(Update, update_id)
        if update is None:
            return None
        if not may_go_out(update.campaign.status) and update.kind is not UpdateKind.OUTCOME:
            return None
    return still_wanted(session, context)


@message("case-update", limited=False, tells_of_stop=True, recheck=_while_it_stands)
def send_case_update(
    *,
    person_name: str,
    reference: str,
    case_url: str,
    letters_url: str,
    what: str,
    title: str,
    text: str,
    lang: str,
    update_id: int | None = None,
) -> Context:
    """An official answered, the case has an outcome, or there is other news of it."""
    return {
        "update_id": update_id,
        "person_name": person_name,
        "reference": reference,
        "case_url": case_url,
        "letters_url": letters_url,
        "what": what,
        "title": title,
        "text": text,
        "lang": lang,
    }


@message("case-stopped", limited=False, tells_of_stop=True, recheck=still_wanted)
def send_case_stopped(
    *,
    person_name: str,
    reference: str,
    case_url: str,
    letters_url: str,
    stop_kind: str,
    reason: str,
    lang: str,
) -> Context:
    """The action was stopped: letters are held back, and nobody should send more."""
    return {
        "person_name": person_name,
        "reference": reference,
        "case_url": case_url,
        "letters_url": letters_url,
        "stop_kind": stop_kind,
        "reason": reason,
        "lang": lang,
    }


def unless_stopped(session: Session, context: Context) -> Context | None:
    """The mail, unless the earlier action was stopped while it waited, or nobody wants it now."""
    status = session.scalar(select(Campaign.status).where(Campaign.id == context["earlier_id"]))
    if status is not None and not may_go_out(status):
        return None
    return still_wanted(session, context)


@message("case-continued", limited=False, recheck=unless_stopped)
def send_case_continued(
    *,
    person_name: str,
    reference: str,
    case_url: str,
    letters_url: str,
    earlier_id: int,
    title: str,
    text: str,
    lang: str,
    deadline: str,
    asks_cards: bool,
) -> Context:
    """There is further information on the case, and a new letter or card to write.

    `reference` and `cards` are those of the action for which its reader wrote; all else is of the
    new one, `asks_cards` too.
    """
    return {
        "person_name": person_name,
        "reference": reference,
        "case_url": case_url,
        "letters_url": letters_url,
        "earlier_id": earlier_id,
        "title": title,
        "text": text,
        "lang": lang,
        "deadline": deadline,
        "asks_cards": asks_cards,
    }
