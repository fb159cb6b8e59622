"""Signatures and letters."""

import enum
import hashlib
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    CheckConstraint,
    Enum,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    case,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from campaign.core import clock, db
from campaign.core.db.personal_columns import asked, asked_columns, personal
from campaign.models.campaign import Campaign, LetterTemplate, Target


class SignatureState(enum.StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    HELD = "held"
    REJECTED = "rejected"
    INVALID = "invalid"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


_SILENT = {SignatureState.INVALID, SignatureState.HELD}
"""States of which the signer may be told nothing: then `state_before` is what they see."""


class Origin(enum.StrEnum):
    ONLINE = "online"
    PAPER = "paper"
    """Keyed in from a sheet or card, or from a file of such; it carries no letter."""
    IMPORT = "import"


class Disclosure(enum.StrEnum):
    NAME = "name"
    TOWN = "town"
    FULL = "full"


_NAME_BYTES, _POINTS_BYTES, _WORDS_BYTES, _LETTER_BYTES = 64, 256, 1024, 4096
"""To which texts are padded, so that by their lengths hardly anybody stands alone."""

OWN, REWRITTEN = "own", "rewritten"
"""What is counted of the words of a letter whose writer is forgotten."""


class ConsentWording(db.NumberedRow):
    """The sentences to which supporters agreed, as they stood on the page."""

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    locale: Mapped[db.Locale]
    """Of `updates`, which may be agreed to later; all else is in the language of the signature."""
    delivery: Mapped[str] = mapped_column(Text)
    updates: Mapped[str] = mapped_column(Text)
    network: Mapped[str] = mapped_column(Text)
    privacy_notice_id: Mapped[int | None] = mapped_column(ForeignKey("privacy_notice.id"))
    """The version to which the page led; None on paper and before there were versions."""
    first_used_at: Mapped[db.Created]


class Signature(db.SealedRow, db.PublicRow):
    __table_args__ = (
        # One row per person and campaign, whatever happens at once; a second seat is for
        # somebody of the same household who shares the mailbox. Beyond these, letters only wait.
        UniqueConstraint("campaign_id", "email_hmac", "seat"),
        CheckConstraint(
            "seat IN (1, 2, 3) OR seat IN (4, 5, 6, 7, 8)"
            " AND state IN ('pending', 'withdrawn', 'invalid', 'erased')",
            name="seat",
        ),
        # Counts by state, and those confirmed since a tally, are read from the index alone; other
        # programs read in its order, a page after the other.
        Index("ix_signature_campaign_state", "campaign_id", "state", "confirmed_at", "id"),
        Index("ix_signature_email_hmac", "email_hmac"),
        # Reminders and expiry look only at what waits for its confirmation.
        Index("ix_signature_state_signed_at", "state", "signed_at"),
        # Counted every minute, among many that did not.
        db.partial_index(
            "ix_signature_sent_by_self", "campaign_id", "state", where="sent_by_self_at IS NOT NULL"
        ),
        db.partial_index(
            "ix_signature_on_paper", "campaign_id", "state", "origin", where="origin <> 'online'"
        ),
        Index("ix_signature_person", "campaign_id", "person_hmac"),
        # What a job still has to fill in; empty once it is done.
        db.partial_index(
            "ix_signature_without_person", "id", where="person_hmac IS NULL AND state <> 'erased'"
        ),
        # Those whose trace is kept, in the order in which they came: the index grows at its end,
        # so that signing pays next to nothing for it.
        db.partial_index("ix_signature_traced", "signed_at", where="trace IS NOT NULL"),
        # An undo finds what it has to restore; no other row is in it.
        db.partial_index(
            "ix_signature_invalidation_id",
            "invalidation_id",
            "id",
            where="invalidation_id IS NOT NULL",
        ),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    state: Mapped[SignatureState] = mapped_column(default=SignatureState.PENDING)
    given_name: Mapped[str] = mapped_column(
        db.Sealed("signature.given_name", _NAME_BYTES), info=asked("")
    )
    family_name: Mapped[str] = mapped_column(
        db.Sealed("signature.family_name", _NAME_BYTES), info=asked("")
    )
    email: Mapped[str] = mapped_column(db.Sealed("signature.email", _NAME_BYTES), info=asked(""))
    email_hmac: Mapped[bytes] = mapped_column(db.LookUp(32))
    person_hmac: Mapped[bytes | None] = mapped_column(
        db.LookUp(32), info=personal(None, counted=True)
    )
    """Fingerprint of name, country and postal code: by it a sheet's rows find their doubles."""
    origin: Mapped[Origin] = mapped_column(default=Origin.ONLINE, server_default="online")
    seat: Mapped[int] = mapped_column(default=1)
    """1 and 2 for those who sign online, 3 for who signed on paper and wants news; from 4 on it
    waits for its confirmation beside others."""
    locality: Mapped[str] = mapped_column(
        db.Sealed("signature.locality", _NAME_BYTES), info=asked("")
    )
    region: Mapped[str] = mapped_column(db.Sealed("signature.region"), info=asked("", counted=True))
    postal_code: Mapped[str] = mapped_column(db.Sealed("signature.postal_code"), info=asked(""))
    country: Mapped[str] = mapped_column(
        db.Sealed("signature.country"), info=asked("", counted=True)
    )
    locale: Mapped[db.Locale]
    letter_locale: Mapped[db.Locale]
    own_words: Mapped[str] = mapped_column(
        db.Sealed("signature.own_words", _WORDS_BYTES), info=asked("")
    )
    full_text: Mapped[str | None] = mapped_column(
        db.Sealed("signature.full_text", _LETTER_BYTES), info=asked(None)
    )
    points: Mapped[list[str]] = mapped_column(
        db.SealedList("signature.points", _POINTS_BYTES), nullable=True, info=asked([])
    )
    disclosure: Mapped[Disclosure] = mapped_column(info=asked(Disclosure.NAME))
    consent_wording_id: Mapped[int] = mapped_column(ForeignKey("consent_wording.id"))
    consent_delivery_at: Mapped[datetime]
    consent_updates_at: Mapped[datetime | None] = mapped_column(info=personal(None))
    news_stopped_at: Mapped[datetime | None] = mapped_column(info=personal(None))
    """The day on which its writer stopped the news: a tick on paper does not bring them back."""
    consent_network_at: Mapped[datetime | None] = mapped_column(info=personal(None))
    token_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    """SHA-256 of the token in the supporter's link."""
    token_expires_at: Mapped[datetime | None] = mapped_column(info=personal(None))
    source: Mapped[str] = mapped_column(
        db.Sealed("signature.source"), default="", info=personal("", counted=True)
    )
    """What led here: the host of a partner's page, `poster`, `sheet`, `mailing`; empty: unknown."""
    signed_at: Mapped[db.Created]
    reminded_at: Mapped[datetime | None] = mapped_column(info=personal(None))
    confirmed_at: Mapped[datetime | None]
    sent_by_self_at: Mapped[datetime | None] = mapped_column(info=personal(None, counted=True))
    """When the supporter said that they posted or mailed the letter themselves; counted apart."""
    withdrawn_at: Mapped[datetime | None]
    exact_times: Mapped[str | None] = mapped_column(
        db.Sealed("signature.exact_times"), info=personal(None, counted=True)
    )
    """When it was signed and confirmed; all columns above then tell the day of signing alone."""
    state_before: Mapped[SignatureState | None] = mapped_column(
        Enum(
            SignatureState,
            native_enum=False,
            length=24,
            values_callable=lambda kind: [state.value for state in kind],
        ),
        info=personal(None, counted=True),
    )
    """Of an invalid one, or one held in silence: what its signer sees, what an undo restores."""
    invalidation_id: Mapped[int | None] = mapped_column(
        ForeignKey("invalidation.id"), info=personal(None, counted=True)
    )
    flags_checked: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """Id of the newest risk flag that its letter was searched for, or was approved with."""
    forgotten_at: Mapped[datetime | None]
    """Since when nobody knows whose it was (`privacy.anonymise`); it goes on counting."""
    unlinked_at: Mapped[datetime | None]
    """Since when its fingerprints are chance as well: its campaign is over for good."""
    forgotten_words: Mapped[str] = mapped_column(String(12), default="", server_default="")
    """Of such a one, for the figures: it had words of its `own`, or was `rewritten`."""
    trace: Mapped[str | None] = mapped_column(db.Sealed("signature.trace"), info=personal(None))
    """Address and browser it was signed from; erased after some weeks, and the marks with it."""
    address_mark: Mapped[bytes | None] = mapped_column(db.LookUp(16), info=personal(None))
    """Keyed marks of what `trace` tells, by which floods are found without opening anything."""
    network_mark: Mapped[bytes | None] = mapped_column(db.LookUp(16), info=personal(None))
    domain_mark: Mapped[bytes | None] = mapped_column(db.LookUp(16), info=personal(None))
    agent_mark: Mapped[bytes | None] = mapped_column(db.LookUp(16), info=personal(None))

    campaign: Mapped[Campaign] = relationship()
    letters: Mapped[list["Letter"]] = relationship(
        back_populates="signature", cascade="all, delete-orphan", order_by="Letter.id"
    )

    @property
    def times(self) -> "ExactTimes":
        return ExactTimes.of(self.signed_at, self.confirmed_at, self.exact_times)

    def cut_times(self, confirmed_at: datetime | None) -> dict[str, Any]:
        """Return what its columns of times hold once it is confirmed, or withdrawn before."""
        columns = ExactTimes(self.times.signed_at, confirmed_at).cut(self.campaign.timezone)
        day = columns["signed_at"]
        return columns | {
            "seal_id": self.seal_id,
            # What somebody takes back at this moment stays taken back.
            "consent_updates_at": case((Signature.consent_updates_at.is_not(None), day)),
            "consent_network_at": case((Signature.consent_network_at.is_not(None), day)),
        }

    @property
    def version(self) -> str:
        """Name the letter as it was signed last: who signs anew for the same person replaces it."""
        return hashlib.sha256(self.seal_id).hexdigest()[:32]

    @property
    def is_nobodys(self) -> bool:
        return self.forgotten_at is not None or self.state is SignatureState.ERASED

    @property
    def shown_state(self) -> SignatureState:
        """Return its state as its signer sees it: invalidation is silent, and so are some holds."""
        if self.state in _SILENT and self.state_before is not None:
            return self.state_before
        return self.state

    @property
    def is_held_unseen(self) -> bool:
        """Whether it is under review, and its signer is not told."""
        return self.state is SignatureState.HELD and self.shown_state is not SignatureState.HELD


class ExactTimes(NamedTuple):
    """When a letter was signed and confirmed, to the moment."""

    signed_at: datetime
    confirmed_at: datetime | None = None

    @classmethod
    def of(
        cls, signed_at: datetime, confirmed_at: datetime | None, sealed: str | None
    ) -> "ExactTimes":
        """Read them of a row's columns: what is sealed, or else what stands in clear."""
        if not sealed:
            return cls(signed_at, confirmed_at)
        signed, *confirmed = (datetime.fromisoformat(text) for text in sealed.split())
        return cls(signed.replace(tzinfo=UTC), *(at.replace(tzinfo=UTC) for at in confirmed))

    def cut(self, zone: str) -> dict[str, Any]:
        """Return what columns hold once it is confirmed: the day in clear, the moments sealed."""
        day = clock.cut_to_day(self.signed_at, zone)
        return {
            "exact_times": self.to_text(),
            "signed_at": day,
            "confirmed_at": day if self.confirmed_at else None,
            "consent_delivery_at": day,
            "reminded_at": None,
            "token_expires_at": None,
        }

    def to_text(self) -> str:
        return " ".join(at.astimezone(UTC).replace(tzinfo=None).isoformat() for at in self if at)


ASKED = asked_columns(Signature)
"""Names of what the signing form asks of the person: kept, changed later and exported by this."""
WORDS = ("own_words", "full_text", "points")
"""Of these, what their letter says; all others say who they are."""


LEFT_OUT = "left-out"
"""Of `Letter.set_aside`: printed, and held back as envelopes were filled; its sheet lies here."""
WITHDRAWN = "withdrawn"
"""The signature was withdrawn, found invalid, or sent to review, after the bundle was frozen: the
letter left the print, or its sheet was removed by hand."""
TAKEN_OUT = frozenset({WITHDRAWN, LEFT_OUT})


class Letter(db.SealedRow, db.PublicRow):
    """Signature × target. Its text is that of the template version that was signed."""

    __table_args__ = (
        UniqueConstraint("signature_id", "target_id"),
        UniqueConstraint("bundle_id", "sequence"),
        Index("ix_letter_volume_id_sequence", "volume_id", "sequence"),
        # Few are set aside; they are counted, and those that are good again found, among millions.
        db.partial_index(
            "ix_letter_set_aside", "bundle_id", "set_aside", where="set_aside IS NOT NULL"
        ),
        # A letter is printed, set aside or waiting; a number without a bundle cannot be.
        CheckConstraint("(bundle_id IS NULL) = (sequence IS NULL)", name="sequence_in_bundle"),
    )

    signature_id: Mapped[int] = db.parent_key("signature.id")
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id"), index=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("letter_template.id"), index=True)
    bundle_id: Mapped[int | None] = mapped_column(ForeignKey("bundle.id"))
    volume_id: Mapped[int | None] = mapped_column(ForeignKey("volume.id"))
    sequence: Mapped[int | None]
    """Its number, printed as letter 00123; a bundle's run without gap from its first number on."""
    first_page: Mapped[int | None]
    pages: Mapped[int | None]
    set_aside: Mapped[str | None] = mapped_column(String(60))
    set_aside_detail: Mapped[str | None] = mapped_column(
        db.Sealed("letter.set_aside_detail"), info=personal(None)
    )
    """What did not print may be quoted there: a letter of a name, a word of the text."""
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16), info=personal(None))
    """Chance by which its code in a bundle is bound to its words; without it, to nothing."""

    signature: Mapped[Signature] = relationship(back_populates="letters")
    target: Mapped[Target] = relationship()
    template: Mapped[LetterTemplate] = relationship()

    @property
    def shown_set_aside(self) -> str | None:
        """Return why it was not printed, unless it was taken out and its signer is not told."""
        is_unseen = self.signature.shown_state is SignatureState.CONFIRMED
        is_taken_out = self.set_aside in TAKEN_OUT
        return None if is_unseen and is_taken_out else self.set_aside


class LinkEnd(enum.StrEnum):
    EXPIRED = "expired"
    ERASED = "erased"


class SpentLink(db.Base):
    """A link whose letter is gone: what it says to who opens it. Nothing of the person is left."""

    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    campaign_id: Mapped[int] = db.parent_key("campaign.id")
    end: Mapped[LinkEnd]
    ended_at: Mapped[db.Created] = mapped_column(index=True)


class WordsPrint(db.Base):
    """A quarter of the keyed similarity hash of own words: equal quarters, similar words."""

    __table_args__ = (
        # With the signature: the first letters of a value are read from the index alone.
        Index(
            "ix_words_print_campaign_id_band_value", "campaign_id", "band", "value", "signature_id"
        ),
    )

    signature_id: Mapped[int] = db.parent_key("signature.id", primary_key=True)
    band: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = db.parent_key("campaign.id")
    value: Mapped[int]
