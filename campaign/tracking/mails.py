"""The mails about letters that were signed; of what a signer typed, they say the given name."""

from collections.abc import Sequence
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.lifecycle import tells_signers
from campaign.campaigns.stop_rule import may_go_out
from campaign.mail.messages import Mail
from campaign.models.campaign import Campaign, Update, UpdateKind
from campaign.signing.mails import LetterMail, MailName
from campaign.tracking.news_subscription import is_still_wanted


class MyLetters(Mail, kind="my-letters", budget="ask"):
    link: str
    until: str = ""
    zone: str = ""  # the town by whose clocks that is
    has_letters: bool = True  # Whether any was signed online: on paper there is none to change


class NoLetters(Mail, kind="no-letters", budget="ask"):
    home_url: str


class LettersErased(Mail, kind="letters-erased"):
    stays: list[str]  # In the language of the mail
    home_url: str
    cards: bool = False


class CaseNews(LetterMail):
    """News of a case to who signed for it; they wait no longer than their reader wants them."""

    writer: MailName = MailName("")  # or all who asked for it and share the mailbox
    by_hand: bool = False
    """Whether its readers signed a sheet or a list of names, and none of them a letter."""

    @property
    def tells_of_end(self) -> bool:
        """Whether it goes also to who waits for a decision about their letter."""
        return False

    def recheck(self, session: Session) -> Self | None:
        wanted = is_still_wanted(session, self.unsubscribe, of_end=self.tells_of_end)
        return self if wanted else None


class LetterHandedOver(CaseNews, kind="letter-handed-over"):
    letters_url: str
    numbers: list[str]
    mission: str
    day: str
    place: str
    outcome: str
    """Of a signature sheet it begins with `sheet-`, and has no numbers."""
    also: Sequence[tuple[str, Sequence[str]]] = ()  # other outcomes, each with its numbers
    corrects: bool = False  # whether a record that was told before was deleted as a mistake
    withdrawn: bool = False
    """Whether all its readers withdrew: it goes to them only to correct an earlier email."""

    def recheck(self, session: Session) -> Self | None:
        return self if self.withdrawn else super().recheck(session)


class LetterStillHere(CaseNews, kind="letter-still-here"):
    """An earlier email told of a delivery, or of an attempt, that never was."""

    letters_url: str
    letters: int
    recipient: str
    was_delivered: bool
    """Whether it said so of all: of others that they were sent, or came back."""
    sheet: bool = False
    """Whether it told of a signature sheet, with no letters or beside them."""
    withdrawn: bool = False
    """Whether all its readers withdrew."""

    def recheck(self, session: Session) -> Self | None:
        return self if self.withdrawn else super().recheck(session)


class CaseUpdate(CaseNews, kind="case-update", tells_of_stop=True, recheck_only=("update_id",)):
    letters_url: str
    what: str
    title: str
    text: str
    lang: str
    update_id: int | None = None
    corrects: bool = False  # whether its reader was emailed what was unpublished since

    @property
    def tells_of_end(self) -> bool:
        return self.what == UpdateKind.OUTCOME.value

    def recheck(self, session: Session) -> Self | None:
        """Drop it if its post was taken back, or a stop lets only an outcome be told."""
        if self.update_id is not None:
            update = session.get(Update, self.update_id)
            if update is None:
                return None
            if not tells_signers(update.kind, update.campaign.status, is_asked=True):
                return None
        return super().recheck(session)


class CaseStopped(CaseNews, kind="case-stopped", tells_of_stop=True):
    stop_kind: str = "harm"
    reason: str
    lang: str = ""
    is_outcome_told: bool = False
    undecided: bool = False
    """Whether its readers know that their letters are under review, or are to be changed."""

    @property
    def tells_of_end(self) -> bool:
        return True


class CaseContinued(CaseNews, kind="case-continued", recheck_only=("earlier_id",)):
    """There is further information on the case, and a new letter or card to write.

    `reference` and `cards` are those of the action for which its reader wrote; all else is of the
    new one, `asks_cards` too.
    """

    letters_url: str
    earlier_id: int
    title: str
    text: str
    lang: str
    deadline: str
    asks_cards: bool = False

    def recheck(self, session: Session) -> Self | None:
        status = session.scalar(select(Campaign.status).where(Campaign.id == self.earlier_id))
        if status is not None and not may_go_out(status):
            return None
        return super().recheck(session)
