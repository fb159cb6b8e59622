"""Mails that the worker of a journey's site has written."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from playwright.sync_api import Page

from tests.e2e.conftest import Site


def mail_to(site: Site, page: Page, address: str, subject: str) -> EmailMessage:
    """The mail of that subject, once the worker has written it.

    A message of the queue can be lost: then a periodic job finds the mail, within a minute.
    """
    for _ in range(360):
        for path in reversed(site.mails()):
            mail = cast(
                "EmailMessage", message_from_bytes(path.read_bytes(), policy=policy.default)
            )
            if mail["To"] == address and re.search(subject, mail["Subject"]):
                return mail
        page.wait_for_timeout(250)
    raise AssertionError(f"no mail “{subject}” came to {address}")


def link_in(mail: EmailMessage, pattern: str) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    link = re.search(rf"http://\S+{pattern}\S+", body.get_content())
    assert link is not None
    return link[0]
