"""The fixtures of signing serve here too."""

from tests.integration.signing.conftest import _pages_are_always_fresh, mails, signatures

__all__ = ["_pages_are_always_fresh", "mails", "signatures"]
