"""Who agreed to get news, and whose consent stands: nobody else is given to another program.

The list is the network: whoever is in it has confirmed that we may write to them of new actions.
Who asked for news of one action alone is found by the id of that signature, and is in no list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from campaign.api.osdi.filters import Clause
from campaign.api.osdi.listing import PageRequest
from campaign.campaigns.public_counts import counted_publicly
from campaign.core import audit, clock
from campaign.core.db.batches import read_each
from campaign.core.errors import BadQuery
from campaign.exports.consent_list import NAMES, find_names
from campaign.mail.messages import BadAddress, address_fingerprint
from campaign.mail.suppression_list import is_suppressed
from campaign.models.network import MemberState, NetworkMember
from campaign.models.signature import Signature

_STANDS = (counted_publicly(), Signature.forgotten_at.is_(None))


@dataclass(frozen=True, slots=True)
class Person:
    source: NetworkMember | Signature
    names: Mapping[str, str]
    """Name and place, where they were given together with that consent."""
    bounces: bool

    @property
    def subject(self) -> str:
        """How the audit names them: by a number that tells nothing once they are deleted."""
        return audit.subject_of(self.source)


def list_people(
    session: Session, page: PageRequest, clauses: Sequence[Clause]
) -> tuple[list[Person], tuple[datetime, int] | None]:
    """Return a page of members, and the key of its last row where more come after it."""
    query = select(NetworkMember).where(NetworkMember.state == MemberState.ACTIVE)
    for clause in clauses:
        if clause.field != "email_address":
            query = query.where(_compare_day(clause))
        elif clause.comparison == "eq":
            query = query.where(NetworkMember.email_hmac == address_fingerprint(clause.value))
        else:
            raise BadQuery("email_address can be compared by eq alone.")
    key = (NetworkMember.confirmed_at, NetworkMember.id)
    keys, more = page.load(session, query.with_only_columns(*key), key)
    # One that is damaged must not hold up the others.
    whole = select(NetworkMember.id, NetworkMember)
    rows = read_each(session, whole, NetworkMember.id, [row.id for row in keys])
    members = [row.NetworkMember for _id, row in rows if row]
    return _complete(session, members), tuple(keys[-1]) if more else None


def _compare_day(clause: Clause) -> ColumnElement[bool]:
    """Compare days: who asks from a moment on misses nobody, whatever zone a day was kept of."""
    moment, kept = clause.read_moment(), NetworkMember.confirmed_at
    begins = clock.cut_to_day(moment, "UTC")
    until = kept < begins + timedelta(days=1)
    others = {"eq": until & (kept >= begins), "lt": kept < moment, "le": until}
    return others.get(clause.comparison, kept >= clock.keep_day(moment, clock.LATEST_ZONE))


def get_person(session: Session, public_id: str) -> Person | None:
    """Find a member by their id, or who signed by that of a signature; None: nobody to be given."""
    signature = None
    has_id = NetworkMember.public_id == public_id
    member = session.scalar(select(NetworkMember).where(has_id))
    if member is None:
        signature = session.scalar(
            select(Signature).where(
                Signature.public_id == public_id,
                *_STANDS,
                Signature.consent_updates_at.is_not(None)
                | Signature.consent_network_at.is_not(None),
            )
        )
        if signature is None:
            return None
        same_mailbox = NetworkMember.email_hmac == signature.email_hmac
        member = session.scalar(select(NetworkMember).where(same_mailbox))
    if member is not None and member.state is MemberState.ACTIVE:
        return _complete(session, [member])[0]
    has_left = member is not None and member.state is MemberState.LEFT
    if signature is None or has_left or is_suppressed(session, signature.email_hmac):
        return None
    return _complete(session, [signature])[0]


def _complete(
    session: Session, sources: Sequence[NetworkMember] | Sequence[Signature]
) -> list[Person]:
    mailboxes = [source.email_hmac for source in sources]
    bad = select(BadAddress.email_hmac).where(BadAddress.email_hmac.in_(mailboxes))
    names, bouncing = find_names(session, mailboxes), set(session.scalars(bad))
    return [
        Person(
            source,
            {name: getattr(source, name) for name in NAMES}
            if isinstance(source, Signature)
            else names.get(source.email_hmac, {}),
            source.email_hmac in bouncing,
        )
        for source in sources
    ]
