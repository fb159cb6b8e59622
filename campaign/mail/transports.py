"""How a mail leaves: through a mail server, or into a folder where it can be read."""

import re
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from campaign.core.settings import Settings
from campaign.mail.headers import POLICY

_SECONDS = 30
_STATUS = re.compile(r"5\.\d{1,3}\.\d{1,3}")


RECIPIENT_REFUSED = "recipient refused"
"""How the failure begins of a mail whose address alone a server did not take."""


class MailNotTaken(Exception):
    """The mail was not taken; `recipient_status` (RFC 3463) where its address was refused."""

    def __init__(self, reason: str, *, permanent: bool, recipient_status: str = "") -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.recipient_status = recipient_status


class Transport(Protocol):
    def send(self, mail: EmailMessage) -> None:
        pass


class Files:
    """Writes each mail as an `.eml` file: for development and rehearsal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder  # made when the first mail comes

    def send(self, mail: EmailMessage) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        (self.folder / f"{name}.eml").write_bytes(mail.as_bytes(policy=POLICY.clone(utf8=True)))


class Smtp:
    """Speaks to a mail server, encrypted as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def send(self, mail: EmailMessage) -> None:
        """Deliver one mail; an answer 5xx is final, anything else may pass."""
        try:
            with self.connect() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as problem:
            code, answer = next(iter(problem.recipients.values()))
            reason, status = f"{RECIPIENT_REFUSED}: {code}", status_of(code, answer)
            raise MailNotTaken(reason, permanent=code >= 500, recipient_status=status) from problem
        except smtplib.SMTPResponseException as problem:
            code = problem.smtp_code
            raise MailNotTaken(f"server answered {code}", permanent=code >= 500) from problem
        except smtplib.SMTPNotSupportedError as problem:
            # An address beyond ASCII, and a server without SMTPUTF8 (RFC 6531).
            raise MailNotTaken("server takes no such address", permanent=True) from problem
        except (OSError, smtplib.SMTPException) as problem:
            raise MailNotTaken(type(problem).__name__, permanent=False) from problem

    def connect(self) -> smtplib.SMTP:
        settings = self.settings
        host, port, tls = settings.smtp_host, settings.smtp_port, ssl.create_default_context()
        if settings.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=tls)
        else:
            server = smtplib.SMTP(host, port, timeout=_SECONDS)
        if settings.smtp_security == "starttls":
            server.starttls(context=tls)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        return server


def status_of(code: int, answer: bytes | str) -> str:
    """Return the status of an answer 5xx; `5.0.0` ("not possible") where it gives none."""
    if code < 500:
        return ""
    text = answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
    match = _STATUS.match(text)
    return match.group() if match else "5.0.0"


def transport_of(settings: Settings) -> Transport:
    return Smtp(settings) if settings.mail_transport == "smtp" else Files(settings.outbox)
