"""What privacy is tried with: letters and mailboxes as tracking has them."""

from tests.integration.tracking.conftest import ana, box, deliver, erase, freeze, mails

__all__ = ["ana", "box", "deliver", "erase", "freeze", "mails"]
