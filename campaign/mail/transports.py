"""How a mail leaves: through a mail server, or into a folder where it can be read.

Neither how long the server takes nor how much it answers is its own to choose, and what it says
before it is told of a recipient is of no mail's doing.
"""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

from campaign.core.settings import Settings
from campaign.core.slow_work import leave_database
from campaign.mail.headers import POLICY

_SECONDS = 30  # for one answer
_CONNECT_SECONDS = 10  # for each address of the host
WHOLE_SECONDS = 120  # much shorter than the lease of a mail
_MOST_ANSWERED = 1_000_000  # bytes, of a whole connection
_STATUS = re.compile(r"5\.\d{1,3}\.\d{1,3}")
_OF_MAIL = {552, 555}
"""Answers to MAIL about what is said with the sender: the size of this mail, its letters."""
_GOODBYE = 421


RECIPIENT_REFUSED = "recipient refused"
"""How the failure begins of a mail whose address alone a server did not take."""


class MailNotTaken(Exception):
    """The mail was not taken; `recipient_status` (RFC 3463) where its address was refused.

    :param is_server_well: False: it takes none, whomever it is to; True: it answered about this
        recipient or content; None: this tells nothing of it.
    :param may_be_taken: the whole of it was sent, and the answer to it was lost.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool,
        recipient_status: str = "",
        is_server_well: bool | None = None,
        may_be_taken: bool = False,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.recipient_status = recipient_status
        self.is_server_well = is_server_well
        self.may_be_taken = may_be_taken


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
        """Deliver one mail; of its recipient and content an answer 5xx is final, all else may pass.

        A wrong password, a server without STARTTLS, or one that refuses the sender, hangs or
        hangs up lose no mail.
        """
        try:
            server = self.connect()
        except (OSError, smtplib.SMTPException) as problem:
            raise _server_failed(problem) from problem
        try:
            with server:
                server.send_message(mail)
        except smtplib.SMTPSenderRefused as problem:
            if problem.smtp_code not in _OF_MAIL:
                raise _server_failed(problem) from problem
            raise MailNotTaken(_describe(problem), permanent=False) from problem
        except smtplib.SMTPRecipientsRefused as problem:
            code, answer = next(iter(problem.recipients.values()))
            reason, status = f"{RECIPIENT_REFUSED}: {code}", status_of(code, answer)
            raise _answered(code, reason, recipient_status=status) from problem
        except smtplib.SMTPDataError as problem:
            raise _answered(problem.smtp_code, _describe(problem)) from problem
        except smtplib.SMTPNotSupportedError as problem:
            # An address beyond ASCII, and a server without SMTPUTF8 (RFC 6531).
            raise MailNotTaken("server takes no such address", permanent=True) from problem
        except (OSError, smtplib.SMTPException) as problem:
            raise _server_failed(problem, may_be_taken=server.has_sent_content) from problem

    def connect(self) -> "_Client":
        """Return a server that knows us, as a context manager. Raises OSError, SMTPException."""
        leave_database()
        settings = self.settings
        host, port, tls = settings.smtp_host, settings.smtp_port, ssl.create_default_context()
        if settings.smtp_security == "tls":
            server: _Client = _TlsClient(host, port, timeout=_SECONDS, context=tls)
        else:
            server = _Client(host, port, timeout=_SECONDS)
        try:
            if settings.smtp_security == "starttls":
                server.starttls(context=tls)
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.ehlo_or_helo_if_needed()
        except BaseException:
            server.close()
            raise
        return server


class _Client(smtplib.SMTP):
    """Hangs up on a server that takes too long, or says too much."""

    has_sent_content = False
    _stop_clock: Callable[[], None] = staticmethod(lambda: None)

    def send(self, s: Any) -> None:
        """Note that the content went out: it alone comes as bytes."""
        super().send(s)
        self.has_sent_content |= isinstance(s, bytes)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        client: Any = super()
        plain: socket.socket = client._get_socket(host, port, _CONNECT_SECONDS)  # noqa: SLF001
        plain.settimeout(timeout)
        line = plain.dup()  # TLS takes the socket itself over

        def hang_up() -> None:
            # Who sends a byte now and then runs into no time limit of a socket.
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(WHOLE_SECONDS, hang_up)
        timer.daemon = True
        timer.start()

        def stop() -> None:
            timer.cancel()
            line.close()

        self._stop_clock = stop
        return plain

    def getreply(self) -> tuple[int, bytes]:
        client: Any = self
        if client.file is None and client.sock is not None:
            client.file = _Answers(client.sock.makefile("rb"))
        return super().getreply()

    def close(self) -> None:
        super().close()
        self._stop_clock()

    def __exit__(self, *_problem: object) -> None:
        """Say goodbye; the mail is taken or not, whatever the server says to that."""
        try:
            with suppress(smtplib.SMTPException, OSError):
                self.docmd("QUIT")
        finally:
            self.close()


class _TlsClient(smtplib.SMTP_SSL, _Client):
    """The same over TLS from the first byte, whose handshake has its time too."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        client: Any = super()
        try:
            wrapped: socket.socket = client._get_socket(host, port, timeout)  # noqa: SLF001
        except BaseException:
            self._stop_clock()
            raise
        return wrapped


class _Answers:
    """What a server says, line by line; raises OSError where that has no end."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._room = _MOST_ANSWERED

    def readline(self, size: int) -> bytes:
        line: bytes = self._file.readline(size)
        self._room -= len(line)
        if self._room < 0:
            raise OSError("too much")
        return line

    def close(self) -> None:
        self._file.close()


def _server_failed(problem: Exception, *, may_be_taken: bool = False) -> MailNotTaken:
    return MailNotTaken(
        _describe(problem), permanent=False, is_server_well=False, may_be_taken=may_be_taken
    )


def _answered(code: int, reason: str, *, recipient_status: str = "") -> MailNotTaken:
    """Say what an answer to the recipient or content means: 421 is a goodbye, and not of them."""
    return MailNotTaken(
        reason,
        permanent=code >= 500,
        recipient_status=recipient_status,
        is_server_well=400 <= code < 600 and code != _GOODBYE,
    )


def _describe(problem: Exception) -> str:
    """Say what it was without the server's words: they may quote an address."""
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"server answered {problem.smtp_code}"
    return type(problem).__name__


def status_of(code: int, answer: bytes | str) -> str:
    """Return the status of an answer 5xx; `5.0.0` ("not possible") where it gives none."""
    if code < 500:
        return ""
    text = answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
    match = _STATUS.match(text)
    return match.group() if match else "5.0.0"


def transport_of(settings: Settings) -> Transport:
    return Smtp(settings) if settings.mail_transport == "smtp" else Files(settings.outbox)
