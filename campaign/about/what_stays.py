"""What is left after somebody has everything deleted: page, last email and notice say the same."""

from dataclasses import dataclass, fields
from typing import Self

from flask_babel import gettext as _

from campaign.about.terms import days, hours
from campaign.core.settings import Settings
from campaign.mail.sender import REMEMBERED


def say_own_copy(settings: Settings, *, cards: bool = False) -> str:
    copy = _("When we deliver letters together, we keep one copy of them all.")
    if cards:
        copy = _("When we deliver cards together, we keep one copy of them all.")
    if settings.keep_printed_files or not settings.retention_months:
        return copy
    until = _(
        "We delete that copy when the details of everyone who signed these letters have been "
        "deleted."
    )
    return f"{copy} {until}"


def say_exports(settings: Settings) -> str:
    return _(
        "Lists of names that our staff have already downloaded: they stay until our staff delete "
        "them. On our server, such lists are deleted after %(term)s. If you withdraw your letter "
        "or delete your details, a list with your name is deleted there within minutes.",
        term=hours(settings.export_hours),
    )


def say_backups(settings: Settings, contact: str) -> str:
    if settings.backup_days:
        return _("Encrypted backups keep a copy for %(term)s.", term=days(settings.backup_days))
    return _(
        "Encrypted backups keep a copy until we delete them. Write to %(contact)s to ask when.",
        contact=contact,
    )


def say_codes() -> list[str]:
    return [
        _(
            "For %(term)s after our last email to you: a code made from your email address. It "
            "tells us when our emails cannot be delivered, and stops us from sending too many.",
            term=days(REMEMBERED.days),
        ),
        _(
            "If you, or someone on your behalf, asked us never to email you: a code made from "
            "your email address, until you withdraw that request."
        ),
    ]


@dataclass(frozen=True, slots=True)
class Kept:
    """What applies to somebody whose details are deleted; of nobody in particular: all."""

    printed: bool = True
    undelivered: bool = True
    delivered: bool = True
    on_sheet: bool = True
    """Whether a row on a signed sheet is still here."""
    copied: bool = True
    """Whether our copy has a letter that was not delivered: its sheet was removed by hand."""
    cards: bool = False
    """Whether all they signed online are cards."""
    told: bool = False
    """Whether another program was told of a membership."""

    @classmethod
    def read(cls, words: str) -> Self:
        """Read what `str` wrote."""
        names = words.split(",")
        return cls(**{field.name: field.name in names for field in fields(cls)})

    def __str__(self) -> str:
        return ",".join(field.name for field in fields(self) if getattr(self, field.name))


def list_what_stays(settings: Settings, contact: str, kept: Kept | None = None) -> list[str]:
    """List what applies to somebody; of nobody in particular, all that may apply."""
    kept = kept or Kept()
    sentences = {
        **dict.fromkeys(list_printed_stays(settings, kept), True),
        _("What you signed on paper, and our scans of it."): True,
        _(
            "We told %(program)s that you are a member of the network. We unsubscribe you there "
            "and ask our staff to delete your details there too.",
            program=settings.crm_provider or "CRM",
        ): kept.told,
        say_exports(settings): True,
        say_backups(settings, contact): True,
        **dict.fromkeys(say_codes(), True),
    }
    return [sentence for sentence, applies in sentences.items() if applies]


def list_printed_stays(settings: Settings, kept: Kept) -> list[str]:
    """List what applies to printed letters."""
    printed = _(
        "In our records of printed letters, we keep the number, the date and the official, and "
        "nothing that identifies you."
    )
    undelivered = _(
        "If your letter is printed but not delivered yet, we tell our staff to take out the "
        "sheet. If they are already on their way with it, it may still be delivered. We also "
        "remove the letter from our print files where we still can."
    )
    if kept.cards:
        printed = _(
            "In our records of printed cards, we keep the number, the date and the official, and "
            "nothing that identifies you."
        )
        undelivered = _(
            "If your card is printed but not delivered yet, we tell our staff to take out the "
            "sheet. If they are already on their way with it, it may still be delivered. We also "
            "remove the card from our print files where we still can."
        )
    sentences = {
        printed: kept.printed,
        undelivered: kept.undelivered,
        _(
            "If you signed a paper sheet that we have not delivered yet, we tell our staff to make "
            "your row unreadable. If they are already on their way with the sheet, your row may "
            "still be delivered."
        ): kept.on_sheet,
        _(
            "What was already delivered or sent, on a letter or on a list of names: we cannot get "
            "it back."
        ): kept.delivered,
        say_own_copy(settings, cards=kept.cards): kept.delivered or kept.copied,
    }
    return [sentence for sentence, applies in sentences.items() if applies]
