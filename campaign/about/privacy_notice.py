"""The privacy notice, in sections of Markdown: what the site does, with the instance's numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext, ngettext

from campaign.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Section:
    slug: str
    heading: str
    text: str


def list_sections(settings: Settings, locale: str) -> list[Section]:
    return [
        *_who_and_what(settings),
        _other_hands(settings),
        _keeping(settings),
        *_false_signatures_and_emails(settings),
        _choices(settings, locale),
        *_protection_and_changes(settings),
    ]


def _who_and_what(settings: Settings) -> Iterator[Section]:
    address = ", ".join(settings.organisation_address)
    name, contact = settings.organisation_name, link_to_email(settings)
    who = [gettext("%(name)s runs this site, prints the letters and delivers them.", name=name)]
    who.append(
        gettext("Address: %(address)s. Email: %(contact)s.", address=address, contact=contact)
    )
    if settings.privacy_officer:
        who.append(
            gettext(
                "In charge of personal information: %(officer)s.", officer=settings.privacy_officer
            )
        )
    yield Section("who", gettext("Who we are"), _join(who))
    yield Section("details", gettext("What you give us"), _join(_list_details()))
    uses = [
        gettext("To confirm, print and deliver your letter."),
        gettext("To show you where it is."),
        gettext("To count people once."),
        gettext("To find false signatures."),
        gettext("To email you news or new actions, only if you asked."),
    ]
    use = gettext("For nothing else. We do not sell or lend your details.")
    yield Section("use", gettext("What we use it for"), _join([_bullets(uses), use]))
    seen = [
        gettext(
            "They see your letter, your full name, and the place you chose to show. These are on "
            "the letter and on the signature list."
        ),
        gettext("They never see the email address you sign with here."),
        gettext(
            "Paper sheets are delivered as they are. Officials see everything written on them."
        ),
        gettext(
            "What we have delivered stays with the embassy, consulate or official, under their "
            "rules."
        ),
        gettext(
            "Do you live in that country, or have family there? Think about this before you sign."
        ),
    ]
    yield Section("officials", gettext("What officials see"), _join(seen))


def _list_details() -> list[str]:
    return [
        gettext(
            "When you sign: your name, email address, country and town. Your region and "
            "postal code, if you give them. The words and points of your letter, and what "
            "officials may see. Whether you want our emails. The time, the language, and what led "
            "you to the page."
        ),
        gettext(
            "When you join the network: your email address, how often you want emails, "
            "countries, themes and languages."
        ),
        gettext("On a paper sheet: what you write there."),
        gettext("We never ask for your street."),
        gettext(
            "A letter can show your political or other beliefs. We use it only because you agree "
            "when you sign. You can change your mind."
        ),
    ]


def _other_hands(settings: Settings) -> Section:
    staff = gettext("Our staff who print and deliver. Each has a personal account.")
    logged = (
        gettext("Every export is logged and needs a second person’s approval.")
        if settings.exports_need_second_person
        else gettext("Every export is logged.")
    )
    hands = [f"{staff} {logged}"]
    for provider, words in (
        (settings.hosting_provider, gettext("Hosting")),
        (settings.email_provider, gettext("Sending emails")),
        (settings.printing_provider, gettext("Printing")),
    ):
        if provider:
            hands.append(gettext("%(service)s: %(provider)s", service=words, provider=provider))
    return Section("hands", gettext("Who else handles it"), _bullets(hands))


def _keeping(settings: Settings) -> Section:
    terms = [
        gettext("A letter you do not confirm: %(term)s.", term=days(settings.confirm_days)),
        gettext(
            "Your details and words: %(term)s after we deliver your letter, or after the action "
            "ends. A letter still waiting to be delivered is kept until then.",
            term=months(settings.retention_months),
        )
        if settings.retention_months
        else gettext("Your details and words: until you delete them."),
        gettext("Your network address and browser: %(term)s.", term=days(settings.trace_days)),
        gettext(
            "Your email address in the network: until you leave. Then we keep only a code made "
            "from it, so that we do not email you again."
        ),
        gettext("Our file copy of a delivery: we keep it.")
        if settings.keep_printed_files or not settings.retention_months
        else gettext(
            "Our file copy of a delivery: until the details of everyone in it are deleted."
        ),
        gettext("Exports: %(term)s.", term=hours(settings.export_hours)),
        gettext("Backups: encrypted, deleted after %(term)s.", term=days(settings.backup_days))
        if settings.backup_days
        else gettext("Backups: encrypted, until we delete them."),
    ]
    after = [
        gettext(
            "After that we keep only what does not identify you: that a letter was written, when, "
            "in which language, from which country and region, to which official, and its number."
        )
    ]
    if settings.retention_months:
        after.append(
            gettext(
                "We keep a code made from your email address for the same time after the action "
                "ends, so that no one is counted twice."
            )
        )
    return Section(
        "keeping", gettext("How long we keep it"), _join([_bullets(terms), " ".join(after)])
    )


def _false_signatures_and_emails(settings: Settings) -> Iterator[Section]:
    contact = link_to_email(settings)
    false = [
        gettext(
            "When you sign, we keep your network address and the name of your browser, encrypted "
            "(%(term)s). We use them to find false signatures, and for nothing else. We give them "
            "to no one.",
            term=days(settings.trace_days),
        ),
        gettext("We do this because the count must be honest (legitimate interest)."),
        gettext(
            "We do not count or print signatures that we find to be false. We do not tell the "
            "people who made them. Do you think we were wrong about yours? Write to %(contact)s.",
            contact=contact,
        ),
    ]
    yield Section("false-signatures", gettext("False signatures"), _join(false))
    kinds = [
        gettext(
            "Emails your letter needs: one to confirm it, at most one reminder, and one if you "
            "need to change it."
        ),
        gettext("The links and confirmations you ask for."),
        gettext("News or new actions, only if you ticked the box."),
    ]
    more = gettext(
        "Our emails have no pictures, and nothing tells us that you read them. Every email of news "
        "has a link that stops it."
    )
    yield Section("emails", gettext("Emails from us"), _join([_bullets(kinds), more]))


def _choices(settings: Settings, locale: str) -> Section:
    choices = [
        gettext(
            "You do not need an account. In [My letters](%(url)s) you can see, download and delete "
            "what we hold about you. You can correct a letter until we print it, and withdraw it "
            "until we deliver it.",
            url=f"/{locale}/my-letters",
        ),
        gettext(
            "We cannot change or get back letters and lists already delivered, lists already "
            "downloaded, and backups until they are deleted."
        ),
    ]
    if settings.supervisory_authority:
        choices.append(
            gettext(
                "You can complain to this authority: %(authority)s.",
                authority=settings.supervisory_authority,
            )
        )
    return Section("choices", gettext("Your choices"), _join(choices))


def _protection_and_changes(settings: Settings) -> Iterator[Section]:
    protection = [
        gettext("Names, addresses and words are encrypted. The keys are not in the database."),
        gettext("Public pages set no cookies and load nothing from other sites."),
        gettext(
            "What you type is sent to us to show you the printed page. It is not stored before you "
            "sign."
        ),
    ]
    yield Section("protection", gettext("How we protect it"), _join(protection))
    if settings.minimum_age is not None:
        age = settings.minimum_age
        words = (
            ngettext(
                "To sign, you must be at least %(num)s year old.",
                "To sign, you must be at least %(num)s years old.",
                age,
            )
            if age
            else gettext(
                "There is no minimum age. If you are a child, first talk with a parent or another "
                "adult you trust."
            )
        )
        yield Section("young-people", gettext("Young people"), words)
    changes = gettext(
        "When this notice changes, we change the date at the top. If we want to use your details "
        "for something new, we ask you first."
    )
    yield Section("changes", gettext("Changes"), changes)


def link_to_email(settings: Settings) -> str:
    address = settings.organisation_email
    return f"[{address}](mailto:{address})"


def days(number: int) -> str:
    return str(ngettext("%(num)s day", "%(num)s days", number))


def months(number: int) -> str:
    return str(ngettext("%(num)s month", "%(num)s months", number))


def hours(number: int) -> str:
    return str(ngettext("%(num)s hour", "%(num)s hours", number))


def _join(paragraphs: list[str]) -> str:
    return "\n\n".join(paragraphs)


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
