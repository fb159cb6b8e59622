"""What is blacked out in a reply, and can be read all the same where it is published."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.campaigns.content.risk_words import Finding, Watch, Words
from campaign.campaigns.content.risks import RiskNamed
from campaign.core.text.passages import find_telling_words, list_hidden
from campaign.models.campaign import Campaign
from campaign.models.reply import Reply


def find_blacked_out(marked: Iterable[str], shown: Sequence[Words]) -> list[Finding]:
    """Find the words of passages left out of the `marked` texts that `shown` say. Pure."""
    hidden = [passage for text in marked for passage in list_hidden(text)]
    words = find_telling_words(hidden, [text.text for text in shown])
    return Watch((None, word) for word in sorted(words)).findings(shown)


def refuse_blacked_out(
    session: Session, campaign: Campaign, shown: Iterable[Words], *, seen: bool
) -> None:
    """Ask once more before a post says what is blacked out in a reply to the campaign.

    Raises RiskNamed, unless its writer has `seen` the warning.
    """
    if seen:
        return
    replies = session.scalars(
        select(Reply)
        .where(Reply.campaign_id == campaign.id)
        .options(selectinload(Reply.translations))
    )
    marked = [text for reply in replies for text in list_texts(reply).values()]
    if findings := find_blacked_out(marked, list(shown)):
        raise RiskNamed(findings)


def list_texts(reply: Reply) -> dict[str, str]:
    """Return the answer and its translations as they were typed, by language."""
    return {reply.locale: reply.text} | {
        translation.locale: translation.text for translation in reply.translations
    }
