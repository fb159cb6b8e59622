"""How headers are written: an address that a machine is to call stays whole on its line."""

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.policy import EmailPolicy, Policy


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
"""For every mail that we write."""
