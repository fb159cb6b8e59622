"""Letters and signers that an email about a delivery did not name, though their mailbox got it.

People who share a mailbox get one email, which names those whom it concerns. Who was not named was
told nothing: no later email corrects it for them (`misled_readers`). The audit keeps their ids.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Exists, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import QueryableAttribute, Session

from campaign.core import audit
from campaign.core.audit import AuditEntry
from campaign.models.notice import Notice, NoticeMail
from campaign.models.signature import Letter, Signature

_UNNAMED = "delivery.unnamed"


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Their ids, by the id of the notice whose emails did not name them."""

    letters: Mapping[int, Sequence[int]] = field(default_factory=dict)
    signers: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def has_letter(self, notice_id: int) -> ColumnElement[bool]:
        return is_among(Letter.id, self.letters.get(notice_id, ()))

    def has_signer(self, notice_id: int) -> ColumnElement[bool]:
        return is_among(Signature.id, self.signers.get(notice_id, ()))

    def has_letter_of_any(self) -> ColumnElement[bool]:
        """For a query on `Letter` and `Notice`."""
        of_each = (and_(Notice.id == each, self.has_letter(each)) for each in self.letters)
        return or_(false(), *of_each)

    def has_signer_of_any(self) -> ColumnElement[bool]:
        """For a query on `Signature` and `Notice`."""
        of_each = (and_(Notice.id == each, self.has_signer(each)) for each in self.signers)
        return or_(false(), *of_each)

    def shares_mailbox(self, notice_ids: Collection[int]) -> Exists:
        """Whether emails of such notices left somebody of a mailbox out, for `NoticeMail`."""
        letters, signers = (
            [ident for each in notice_ids for ident in by_notice.get(each, ())]
            for by_notice in (self.letters, self.signers)
        )
        writers = select(Letter.signature_id).where(is_among(Letter.id, letters))
        left_out = or_(is_among(Signature.id, signers), Signature.id.in_(writers))
        of_mailbox = Signature.email_hmac == NoticeMail.email_hmac
        return exists().where(of_mailbox, left_out).correlate(NoticeMail)


def list_unnamed(session: Session, campaign_ids: Collection[int]) -> Unnamed:
    subjects = [f"campaign:{campaign_id}" for campaign_id in campaign_ids]
    entries = select(AuditEntry.detail).where(
        AuditEntry.action == _UNNAMED, AuditEntry.subject.in_(subjects)
    )
    letters: dict[int, list[int]] = defaultdict(list)
    signers: dict[int, list[int]] = defaultdict(list)
    for detail in session.scalars(entries):
        letters[detail["notice"]] += detail["unnamed_letters"]
        signers[detail["notice"]] += detail["unnamed_signers"]
    return Unnamed(letters, signers)


def note_unnamed(
    session: Session, notice: Notice, letters: Collection[int], signers: Collection[int]
) -> None:
    if not letters and not signers:
        return
    # The audit has one writer at a time: nobody may lock a notice after writing there.
    audit.record(
        session,
        "job:following.tell",
        _UNNAMED,
        f"campaign:{notice.campaign_id}",
        notice=notice.id,
        unnamed_letters=sorted(letters),
        unnamed_signers=sorted(signers),
    )


def is_among(column: QueryableAttribute[int], ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether it is one of many ids: they are written out, as parameters are limited in number."""
    if not ids:
        return false()
    return column.in_(bindparam(None, list(ids), unique=True, expanding=True, literal_execute=True))
