"""`campaign install check`: all that `campaign doctor` checks, and what others see of the site."""

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from functools import cache, partial
from pathlib import Path
from urllib.parse import urlsplit

import click
from dns.exception import DNSException
from dns.resolver import Resolver, get_default_resolver
from sqlalchemy.exc import SQLAlchemyError

from campaign.commands import doctor
from campaign.commands.doctor import Check, open_app, report, run_checks
from campaign.core import clock, db, jobs
from campaign.core.errors import UnreadableFile
from campaign.core.settings import Settings, current_settings, site_url
from campaign.core.unsafe_settings import is_loopback
from campaign.mail.headers import POLICY, parse_mail
from campaign.mail.imap import open_folder
from campaign.mail.mailboxes import WaitingMail, is_maildir, list_mails
from campaign.mail.transports import MailNotTaken, transport_of
from campaign.operations import outside_checks
from campaign.operations.outside_checks import Note, SiteAnswer, Skipped, sender_domain
from campaign.signing.validate import check_email

_PAUSE = 0.5
_HEAD_BYTES = 64 * 1024
_MOST_SEEN = 500
Inbox = Callable[[], AbstractContextManager[Iterable[WaitingMail]]]
_SOURCE = (
    'In its source ("show original"), Authentication-Results says spf=pass, dkim=pass and '
    "dmarc=pass where all is well"
)


@click.group()
def install() -> None:
    """Check an installation from outside."""


@install.command()
@click.option("--mail-to", metavar="ADDRESS", help="Send a test email to this address of yours.")
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds to wait for the background service and for test emails.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one object instead of lines.")
def check(mail_to: str | None, wait: int, *, as_json: bool) -> None:
    """Check all that `campaign doctor` checks, and what others see: DNS, TLS, clock, emails."""
    if mail_to and check_email(mail_to):
        raise click.BadParameter("it is not an email address.", param_hint="--mail-to")
    with open_app().app_context():
        results = run_checks(doctor.CHECKS | list_checks(current_settings(), mail_to, wait))
        if not as_json:
            report(results)
            return
        kept = list(results)
    is_ok = not any(result.to_fix for result in kept)
    click.echo(json.dumps({"ok": is_ok, "checks": [asdict(result) for result in kept]}))
    if not is_ok:
        click.get_current_context().exit(1)


def list_checks(settings: Settings, mail_to: str | None, wait: int) -> dict[str, Check]:
    host = urlsplit(settings.base_url).hostname or ""
    resolver = get_default_resolver()
    ask_site = cache(partial(_ask_site, settings.base_url))
    checks: dict[str, Check] = {
        "dns": _asking_dns(lambda: outside_checks.check_name(host, resolver)),
        "site": lambda: outside_checks.judge_site(settings.base_url, ask_site()),
        "tls": lambda: outside_checks.judge_certificate(host, ask_site(), clock.utcnow()),
        "clock": lambda: _check_clock(ask_site()),
        "worker": lambda: _check_worker(wait),
    }
    if settings.mail_transport == "files":
        return checks | {"test email": lambda: iter([Note("emails are written to files")])}
    domain = sender_domain(settings.mail_from)
    office = settings.organisation_email
    relay = host if is_loopback(settings.smtp_host) else settings.smtp_host
    return checks | {
        "spf": _asking_dns(lambda: outside_checks.check_spf(domain, relay, resolver)),
        "dkim": _asking_dns(lambda: outside_checks.check_dkim(domain, resolver)),
        "dmarc": _asking_dns(lambda: outside_checks.check_dmarc(domain, office, resolver)),
        "inbox": _asking_dns(lambda: outside_checks.check_inbox(domain, resolver)),
        "test email": _asking_dns(lambda: _check_mail(settings, mail_to, wait, resolver)),
    }


def _asking_dns(check: Check) -> Check:
    def ask() -> Iterator[str]:
        try:
            yield from check()
        except DNSException as problem:
            yield (
                f"DNS does not answer ({type(problem).__name__}). Check /etc/resolv.conf, and ask "
                "again."
            )

    return ask


def _ask_site(base_url: str) -> SiteAnswer | OSError:
    try:
        return outside_checks.fetch_site(base_url)
    except OSError as problem:
        return problem


def _check_clock(site: SiteAnswer | OSError) -> Iterator[str]:
    database = None
    with suppress(SQLAlchemyError):  # the database's own check says why
        database = outside_checks.read_database_clock(db.database().engine)
    return outside_checks.judge_clocks(
        clock.utcnow(),
        database=database,
        proxy=site.moment if isinstance(site, SiteAnswer) else None,
        is_synchronized=outside_checks.is_clock_synchronized(),
    )


def _check_worker(seconds: int) -> Iterator[str]:
    """Put a job into the queue that does nothing new, and see whether someone takes one."""
    try:
        queue = jobs.queue()
        queue.send("mail.sweep")
        waiting = queue.waiting()
        is_taken = _wait_for(lambda: queue.waiting() < max(waiting, 1), seconds)
    except Exception:
        return  # the queue's own check says why
    if not is_taken:
        yield (
            f"No background service took a job within {seconds} s. Start one (campaign worker). If "
            "one runs, it is busy: look again later."
        )


def _check_mail(
    settings: Settings, mail_to: str | None, seconds: int, resolver: Resolver
) -> Iterator[str]:
    """Send a test email to each inbox that is ours or the operator's; see it come back to ours."""
    inboxes = list_inboxes(settings)
    if not inboxes and not mail_to:
        yield Skipped("not sent: name an address of yours with --mail-to")
        return
    transport = transport_of(settings)
    sent: list[EmailMessage] = []
    for address in filter(None, (mail_to, *inboxes)):
        mail = _make_mail(settings, address)
        try:
            transport.send(mail)
        except MailNotTaken as problem:
            yield f"The mail server refuses an email to {address} ({problem}). Read its log."
            continue
        if address in inboxes:
            sent.append(mail)
    if mail_to:
        yield Note(f"sent to {mail_to}. {_SOURCE}")
    for mail in sent:
        yield from _check_return(inboxes[str(mail["To"])], mail, seconds, resolver)


def list_inboxes(settings: Settings) -> dict[str, Inbox]:
    """Return, by address, how to look into what the background service reads."""
    imap = settings.imap_mailboxes
    kinds = (
        (settings.mail_from, settings.bounce_maildir, imap["bounce_imap"]),
        (settings.reply_address, settings.reply_maildir, imap["reply_imap"]),
    )
    inboxes: dict[str, Inbox] = {}
    for address, maildir, (folder, password) in kinds:
        if address and folder:
            inboxes[address] = partial(open_folder, folder, password)
        elif address and maildir and is_maildir(path := settings.folder / maildir):
            inboxes[address] = partial(_open_maildir, path)
    return inboxes


@contextmanager
def _open_maildir(path: Path) -> Iterator[Iterable[WaitingMail]]:
    # The background service moves what is not for it: the names begin with the time.
    yield list_mails(path, "cur")[-_MOST_SEEN:] + list_mails(path)


def _make_mail(settings: Settings, address: str) -> EmailMessage:
    mail = EmailMessage(policy=POLICY)
    mail["From"] = formataddr((settings.organisation_name, settings.mail_from))
    mail["To"] = address
    mail["Subject"] = f"Test email of {settings.host}"
    mail["Date"] = format_datetime(clock.utcnow())
    mail["Message-ID"] = f"<{secrets.token_urlsafe(16)}@{sender_domain(settings.mail_from)}>"
    # As on emails to the network: the signature must cover both.
    mail["List-Unsubscribe"] = f"<{site_url('/')}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(f"`campaign install check` of {settings.base_url} sent this.\n{_SOURCE}.\n")
    return mail


def _check_return(
    open_inbox: Inbox, mail: EmailMessage, seconds: int, resolver: Resolver
) -> Iterator[str]:
    message_id = str(mail["Message-ID"])
    returned: list[EmailMessage] = []

    def is_back() -> bool:
        # The background service reads and removes emails, too.
        with suppress(OSError), open_inbox() as waiting:
            for each in reversed(list(waiting)):
                with each.open() as file:
                    raw = file.read(_HEAD_BYTES)
                if message_id.encode() not in raw:
                    continue
                with suppress(UnreadableFile):
                    head = parse_mail(raw, head_alone=True)
                    if head["Message-ID"] == message_id:  # and no report that quotes it
                        returned.append(head)
                        each.remove()
        return bool(returned)

    if not _wait_for(is_back, seconds):
        yield (
            f"The test email to {mail['To']} was not in its inbox within {seconds} s. Read the "
            "mail server's log, and see that it delivers this address where the settings say."
        )
        return
    yield from _check_signature(returned[0], mail, resolver)


def _check_signature(
    returned: EmailMessage, mail: EmailMessage, resolver: Resolver
) -> Iterator[str]:
    ours = str(mail["Message-ID"]).strip("<>").rpartition("@")[2]
    signatures = [_read_tags(str(value)) for value in returned.get_all("DKIM-Signature", [])]
    aligned = [
        tags
        for tags in signatures
        if f".{ours}".endswith(f".{tags.get('d')}") or f".{tags.get('d')}".endswith(f".{ours}")
    ]
    if not aligned:
        yield (
            f"The test email to {mail['To']} came back without a DKIM signature of {ours}. Have "
            "the mail server sign what it sends."
        )
        return
    tags = aligned[0]
    yield from outside_checks.check_dkim_key(tags.get("s", ""), tags.get("d", ""), resolver)
    covered = tags.get("h", "").lower().replace(" ", "").split(":")
    if missing := sorted({"list-unsubscribe", "list-unsubscribe-post"}.difference(covered)):
        yield (
            f"The DKIM signature does not cover {' and '.join(missing)}: buttons to unsubscribe do "
            "not show. Add them to the headers that the mail server signs."
        )
    yield Note(f"the one to {mail['To']} came back")


def _read_tags(signature: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in signature.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _wait_for(is_there: Callable[[], bool], seconds: int) -> bool:
    end = time.monotonic() + seconds
    while not is_there():
        if time.monotonic() >= end:
            return False
        time.sleep(_PAUSE)
    return True
