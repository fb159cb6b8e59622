"""What is left after somebody has everything deleted: page, last email and notice say the same."""

from flask_babel import gettext as _

from campaign.about.terms import days, hours
from campaign.core.settings import Settings
from campaign.mail.sender import REMEMBERED


def say_own_copy(settings: Settings) -> str:
    if settings.keep_printed_files or not settings.retention_months:
        return _("We keep our own copy of letters delivered together.")
    return _(
        "We keep our own copy of letters delivered together until the details of all who signed "
        "them are deleted."
    )


def say_exports(settings: Settings) -> str:
    return _(
        "Lists that our staff export are deleted from our server after %(term)s. We cannot call "
        "back a list that was downloaded before.",
        term=hours(settings.export_hours),
    )


def say_backups(settings: Settings, contact: str) -> str:
    if settings.backup_days:
        return _("Encrypted backups keep a copy for %(term)s.", term=days(settings.backup_days))
    return _(
        "Encrypted backups keep a copy until we delete them. Write to %(contact)s to ask when.",
        contact=contact,
    )


def say_code(term: str) -> str:
    return _(
        "A code made from your email address: for %(term)s after our last email to you. If we were "
        "asked never to email you, we keep it as long as that holds.",
        term=term,
    )


def list_what_stays(
    settings: Settings,
    contact: str,
    *,
    printed: bool = True,
    undelivered: bool = True,
    delivered: bool = True,
    program: str = "",
) -> list[str]:
    """List what applies to somebody; without more than the settings, all that may apply.

    `program` is another one that was told of a membership.
    """
    said = {
        _(
            "Printed letters: we keep the number, the date and the official, and nothing that "
            "identifies you."
        ): printed,
        _(
            "Not delivered yet: we remove the letter from the print files where they can still be "
            "changed. We tell our staff to take out the printed sheet."
        ): undelivered,
        _("Already delivered, on a letter or a signature list: we cannot get it back."): delivered,
        say_own_copy(settings): delivered,
        _("What you signed on paper, and our scans of it."): True,
        _(
            "We told %(program)s that you are a member of the network. We unsubscribe you there "
            "and ask our staff to delete your details there too.",
            program=program,
        ): bool(program),
        say_exports(settings): True,
        say_backups(settings, contact): True,
        say_code(days(REMEMBERED.days)): True,
    }
    return [sentence for sentence, applies in said.items() if applies]
