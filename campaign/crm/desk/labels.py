"""What pages and files say of a row that is left out."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

FAULTS: Mapping[str, object] = {
    "unreadable": _l("This row cannot be read."),
    "email-bad": _l("This is not a complete email address."),
    "twice": _l("This address is in the file more than once."),
    "date-missing": _l("The date of consent is missing."),
    "date-bad": _l("Write the date as year, month and day: 2026-12-04."),
    "date-unclear": _l(
        "This can be two dates, with the day first or the month first. Write the date as year, "
        "month and day: 2026-12-04."
    ),
    "date-to-come": _l("The date of consent is in the future."),
    "wording-missing": _l("The sentence they agreed to is missing."),
    "source-missing": _l("This row does not say where the proof is."),
    "proof-long": _l("The sentence they agreed to, or the place of the proof, is too long."),
    "suppressed": _l("This address is on the suppression list."),
    "left": _l("This person left the network. Only they can join again."),
    "bounced": _l("Emails to this address do not arrive."),
    "member": _l("Already a member. Nothing is changed."),
    "asked": _l("This person has asked to join and not confirmed yet."),
    "colleague": _l("This is the address of a colleague, who needs our emails to sign in."),
}
