"""How headers are written, and how those of strangers are read."""

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy, Policy

from campaign.core.errors import UnreadableFile


class UnfoldedHeader(UnstructuredHeader, BaseHeader):
    """A header that is never folded.

    Python's own would put an address of more than 78 characters into encoded words (RFC 2047),
    which no mail program undoes in this place.
    """

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_registry = HeaderRegistry()
_registry.map_to_type("list-unsubscribe", UnfoldedHeader)
POLICY = EmailPolicy(header_factory=_registry)
_MOST_CHARACTERS = 2000
_MOST_BOUNDARIES = 4000
"""Lines that may begin a part: for twice as many, Python takes a second."""


class _ReadingPolicy(EmailPolicy):
    """Cuts headers: of half a megabyte, Python's parser takes minutes."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MOST_CHARACTERS]


def parse_mail(raw: bytes, *, head_alone: bool = False) -> EmailMessage:
    """Read the mail of a stranger. Raises UnreadableFile (`mail-broken`)."""
    if raw.count(b"\n--") + raw.count(b"\r--") > _MOST_BOUNDARIES:
        raise UnreadableFile("mail-broken")
    parser = BytesParser(EmailMessage, policy=_ReadingPolicy())
    try:
        mail = parser.parsebytes(raw, headersonly=head_alone)
    except Exception as problem:  # whatever strangers send
        raise UnreadableFile("mail-broken") from problem
    assert isinstance(mail, EmailMessage)
    return mail


def read_body(mail: EmailMessage, kind: str) -> str:
    """Return its text of that kind, `plain` or `html`; empty where it has none."""
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""
