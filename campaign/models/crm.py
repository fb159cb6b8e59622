"""What goes to and comes from other programs of the organization."""

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from campaign.core import db
from campaign.core.db.leases import Leased


class ContactImportKind(enum.StrEnum):
    MEMBERS = "members"
    """People who agreed elsewhere to hear of new actions, with the proof of it."""
    SUPPRESSED = "suppressed"
    """Addresses to which we never write."""


class ContactImport(db.SealedRow, db.PublicRow):
    """A file of addresses that an admin uploaded. It is theirs alone, and goes after days."""

    kind: Mapped[ContactImportKind]
    owner_id: Mapped[int] = db.parent_key("staff_user.id", index=True)
    file_name: Mapped[str] = mapped_column(db.Sealed("contact_import.file_name"))
    storage_key: Mapped[str] = mapped_column(String(60), default="")
    options: Mapped[db.Json] = mapped_column(default=dict)
    """What its columns mean, how it is read; what holds for all its rows is in `proof`."""
    proof: Mapped[str | None] = mapped_column(db.Sealed("contact_import.proof"))
    counts: Mapped[db.Json] = mapped_column(default=dict)
    findings: Mapped[str | None] = mapped_column(db.Sealed("contact_import.findings"))
    applied_at: Mapped[datetime | None]
    created_at: Mapped[db.Created]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class CrmKind(enum.StrEnum):
    ACTION_NETWORK = "action-network"
    CIVICRM = "civicrm"

    @property
    def program(self) -> str:
        return "CiviCRM" if self is CrmKind.CIVICRM else "Action Network"


class ConnectionState(enum.StrEnum):
    READY = "ready"
    SENDING = "sending"


class CrmConnection(db.SealedRow, Leased, db.PublicRow):
    """Another program that is told of members; one of each kind."""

    __table_args__ = (CheckConstraint("approved_by_id <> added_by_id", name="approved_by_other"),)

    kind: Mapped[CrmKind] = mapped_column(unique=True)
    address: Mapped[str] = mapped_column(db.Sealed("crm_connection.address"))
    key: Mapped[str] = mapped_column(db.Sealed("crm_connection.key"))
    list_name: Mapped[str] = mapped_column(String(100), default="")
    """The tag of Action Network, or the number of the group of CiviCRM."""
    state: Mapped[ConnectionState] = mapped_column(default=ConnectionState.READY)
    ran_at: Mapped[datetime | None]
    """When it was last looked for what to send."""
    failing_since: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(60))
    added_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """Who else let members be given to it, where the settings want a second person for that."""
    created_at: Mapped[db.Created]


class CrmTask(enum.StrEnum):
    ADD = "add"
    REMOVE = "remove"


class CrmPersonState(enum.StrEnum):
    WAITING = "waiting"
    """To be sent; again later, where there is a failure."""
    SENT = "sent"
    REFUSED = "refused"


class CrmPerson(db.SealedRow, db.NumberedRow):
    """What another program was told of a member, or is to be told."""

    __table_args__ = (
        UniqueConstraint("connection_id", "member"),
        Index("ix_crm_person_state_due_at", "connection_id", "state", "due_at"),
    )

    connection_id: Mapped[int] = db.parent_key("crm_connection.id")
    member: Mapped[str] = mapped_column(String(22))
    """`NetworkMember.public_id`, also of one who was erased."""
    task: Mapped[CrmTask] = mapped_column(default=CrmTask.ADD)
    state: Mapped[CrmPersonState] = mapped_column(default=CrmPersonState.WAITING)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(60))
    failure_words: Mapped[str | None] = mapped_column(db.Sealed("crm_person.failure_words"))
    """What the program said of who is to be added: its own words, which may quote the person."""
    remote_id: Mapped[str | None] = mapped_column(db.Sealed("crm_person.remote_id"))
    taken_off: Mapped[bool] = mapped_column(default=False)
    """We had them unsubscribed there: only then may we have them subscribed again."""
