"""The privacy notice, in sections of Markdown: what the site does, with the instance's numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from campaign.about.terms import days, months
from campaign.about.what_stays import (
    Kept,
    list_what_stays,
    say_backups,
    say_codes,
    say_exports,
    say_own_copy,
)
from campaign.core import i18n
from campaign.core.settings import Settings


@dataclass(frozen=True, slots=True)
class NoticeSection:
    slug: str
    heading: str
    text: str


def list_sections(settings: Settings, locale: str) -> list[NoticeSection]:
    return [
        *_who_and_what(settings),
        _other_hands(settings),
        _keeping(settings),
        *_false_signatures_and_emails(settings),
        _choices(settings, locale),
        *_protection_and_changes(settings),
    ]


def _who_and_what(settings: Settings) -> Iterator[NoticeSection]:
    address = i18n.isolate(", ".join(settings.organisation_address))
    name, contact = settings.organisation_name, link_to_email(settings)
    who = [_("%(name)s runs this site, prints the letters and delivers them.", name=name)]
    who.append(_("Address: %(address)s. Email: %(contact)s.", address=address, contact=contact))
    if settings.privacy_officer:
        who.append(
            _("In charge of personal information: %(officer)s.", officer=settings.privacy_officer)
        )
    yield NoticeSection("who", _("Who we are"), _join(who))
    yield NoticeSection("details", _("What you give us"), _join(_list_details()))
    uses = [
        _("To confirm, print and deliver your letter."),
        _(
            "To check your letter before we print it. Our automatic checks pick out letters that "
            "our staff then read."
        ),
        _("To show you where your letter is."),
        _("To count each person once."),
        _("To find false signatures."),
        _("To see by which links people come to an action."),
        _("To email you news or new actions, only if you asked."),
    ]
    use = _("For nothing else. We do not sell or lend your details.")
    yield NoticeSection("use", _("What we use it for"), _join([_bullets(uses), use]))
    seen = [
        _(
            "They see your letter, with the name you gave and the place you chose to show. With "
            "the letters, we deliver a list of these names and places. It also shows the day you "
            "signed."
        ),
        _("They never see the email address you sign with here."),
        _(
            "Before we deliver a signature sheet, we cut off the strip with email addresses. "
            "Officials see everything else on it, and all of a letter written by hand."
        ),
        _(
            "What we have delivered stays with the embassy, consulate or official, under their "
            "rules."
        ),
        _(
            "Do you live in the country of these officials, are you its citizen, or do you have "
            "family there? Think first whether it is safe for you and them that officials see "
            "your name."
        ),
    ]
    yield NoticeSection("officials", _("What officials see"), _join(seen))


def _list_details() -> list[str]:
    return [
        _(
            "When you sign: your name, email address, country and town. Your province or region "
            "and your postal code, if you give them. The words and points of your letter, and "
            "your choice of what officials may see. Whether you want our emails. The time, the "
            "language, and the link by which you came, for example from a poster or another site."
        ),
        _(
            "When you join the network: your email address, how often you want emails, "
            "countries, themes and languages."
        ),
        _("On a paper sheet: what you write there."),
        _("We never ask for your street."),
        _(
            "A letter can show your political or other beliefs. We use it only because you agree "
            "when you sign. You can change your mind."
        ),
    ]


def _other_hands(settings: Settings) -> NoticeSection:
    staff = _("Our staff who print and deliver. Each has a personal account.")
    logged = (
        _("Every export is logged and needs a second person’s approval.")
        if settings.exports_need_second_person
        else _("Every export is logged.")
    )
    hands = [f"{staff} {logged}"]
    for provider, words in (
        (settings.hosting_provider, _("Hosting")),
        (settings.email_provider, _("Sending emails")),
        (settings.printing_provider, _("Printing of letters")),
        (settings.crm_provider, _("List of the members of the urgent action network")),
    ):
        if provider:
            hands.append(_("%(service)s: %(provider)s", service=words, provider=provider))
    return NoticeSection("hands", _("Who handles it"), _bullets(hands))


def _keeping(settings: Settings) -> NoticeSection:
    terms = [
        _("A letter you do not confirm: %(term)s.", term=days(settings.confirm_days)),
        *(_details_terms(settings) or _details_without_term()),
        _("Your IP address and browser: %(term)s.", term=days(settings.trace_days)),
        _("Your email address in the network: until you leave."),
        *_codes_terms(settings),
    ]
    after = _(
        "After these times we keep only what does not identify you: that a letter was written, "
        "when, in which language, from which country and region, by which link, to which official, "
        "and the number of the letter."
    )
    copies = [
        say_own_copy(settings),
        say_exports(settings),
        say_backups(settings, link_to_email(settings)),
    ]
    longer = [after, _("Some copies can last longer:"), _bullets(copies)]
    return NoticeSection("keeping", _("How long we keep it"), _join([_bullets(terms), *longer]))


def _details_terms(settings: Settings) -> list[str]:
    if not settings.retention_months:
        return []
    term = months(settings.retention_months)
    withdrawn = _(
        "A letter you withdraw: we delete your own words at once. We delete your details %(term)s "
        "after the action is over.",
        term=term,
    )
    return [
        _(
            "While we can still deliver your letter, even after an embassy has refused it: we keep "
            "your details and words."
        ),
        _(
            "If we deliver your letter: we keep your details and words until %(term)s after the "
            "delivery.",
            term=term,
        ),
        _(
            "If we do not deliver your letter, for example because we stopped the action: we keep "
            "your details and words until %(term)s after the action is over. An action is over "
            "when we deliver no more letters for it.",
            term=term,
        ),
        f"{withdrawn} {_say_withdrawn_print()}",
        _(
            "Our scans of what was signed on paper: until %(term)s after the action is over.",
            term=term,
        ),
    ]


def _details_without_term() -> list[str]:
    withdrawn = _("A letter you withdraw: we delete your own words at once.")
    return [
        _("Your details and words: until you delete them."),
        f"{withdrawn} {_say_withdrawn_print()}",
    ]


def _say_withdrawn_print() -> str:
    return _(
        "If the letter is already printed, we tell our staff to take out the sheet. We also remove "
        "the letter from our print files where we still can."
    )


def _codes_terms(settings: Settings) -> list[str]:
    counting = _(
        "So that no one is counted twice: a code made from your email address, until %(term)s "
        "after the action is over or until you delete everything.",
        term=months(settings.retention_months),
    )
    leaving = _(
        "So that we do not email you about new actions again after you leave the network: a code "
        "made from your email address, until you join again or delete everything."
    )
    return [*([counting] if settings.retention_months else []), leaving, *say_codes()]


def _false_signatures_and_emails(settings: Settings) -> Iterator[NoticeSection]:
    contact = link_to_email(settings)
    false = [
        _(
            "When you sign, we keep your IP address and the name of your browser, encrypted "
            "(%(term)s). We use them to find false signatures, and for nothing else. We give them "
            "to no one.",
            term=days(settings.trace_days),
        ),
        _("We do this because the count must be honest (legitimate interest)."),
        _(
            "We do not count or print signatures that we find to be false, and we send no email "
            "about it. Do you think we left out your letter by mistake? Write to %(contact)s.",
            contact=contact,
        ),
    ]
    yield NoticeSection("false-signatures", _("False signatures"), _join(false))
    kinds = [
        _("An email to confirm your letter, and at most one reminder."),
        _(
            "An email if we could not save a letter signed with your address, for example because "
            "you had already signed."
        ),
        _("An email if we ask you to change your letter."),
        _("The links and confirmations you ask for."),
        _("News or new actions, only if you ticked the box."),
    ]
    more = _(
        "Our emails have no pictures, and nothing tells us that you read them. Every news email "
        "has a link to stop these emails."
    )
    yield NoticeSection("emails", _("Emails from us"), _join([_bullets(kinds), more]))


def _choices(settings: Settings, locale: str) -> NoticeSection:
    choices = [
        _(
            "You do not need an account. In [My letters](%(url)s) you can see, download and delete "
            "what we hold about you. You can correct a letter until we print it, and withdraw it "
            "until we deliver it.",
            url=f"/{locale}/my-letters",
        ),
        _(
            "If you delete everything before we deliver a printed letter, we tell our staff to "
            "take out the sheet. We also remove the letter from our print files where we still can."
        ),
        _("If you delete everything, we keep or cannot reach this:"),
        _bullets(list_what_stays(settings, link_to_email(settings), Kept(undelivered=False))),
    ]
    if settings.supervisory_authority:
        choices.append(
            _(
                "You can complain to this authority: %(authority)s.",
                authority=settings.supervisory_authority,
            )
        )
    return NoticeSection("choices", _("Your choices"), _join(choices))


def _protection_and_changes(settings: Settings) -> Iterator[NoticeSection]:
    protection = [
        _(
            "Names, email addresses, places and words are encrypted. The keys are not in the "
            "database."
        ),
        _("Public pages set no cookies and load nothing from other sites."),
        _(
            "What you type is sent to us to show you the page as we will print it. We do not store "
            "it before you sign."
        ),
    ]
    yield NoticeSection("protection", _("How we protect it"), _join(protection))
    if settings.minimum_age is not None:
        age = settings.minimum_age
        words = (
            ngettext(
                "To sign, you must be at least %(num)s year old.",
                "To sign, you must be at least %(num)s years old.",
                age,
            )
            if age
            else _(
                "There is no minimum age. If you are a child, first talk with a parent or another "
                "adult you trust."
            )
        )
        yield NoticeSection("young-people", _("Young people"), words)
    changes = _(
        "When this notice changes, we change the date at the top. If we want to use your details "
        "for something new, we ask you first."
    )
    yield NoticeSection("changes", _("Changes"), changes)


def link_to_email(settings: Settings) -> str:
    address = settings.organisation_email
    return f"[{address}](mailto:{address})"


def _join(paragraphs: list[str]) -> str:
    return "\n\n".join(paragraphs)


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
