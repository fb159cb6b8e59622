"""`campaign reply-mail`: a mail server hands an official's mail over, on stdin."""

import sys

import click

from campaign.commands.instance import ready_app
from campaign.core import db
from campaign.core.unreadable_file import UnreadableFile
from campaign.replies import inbox
from campaign.replies.mime import MAX_BYTES

_QUIETLY = {
    "mail-automatic": "A machine wrote this mail: no draft is made.",
    "mail-known": "This mail is a draft already.",
}
_LOUDLY = {
    "mail-for-nobody": "No campaign has this address (is reply_address set?).",
    "mail-too-big": "The mail is larger than 25 MB.",
    "mail-broken": "This is no mail that can be read.",
}


@click.command("reply-mail")
@click.option("--to", "recipient", default="", metavar="ADDRESS", help="Whom the mail is for.")
def reply_mail(recipient: str) -> None:
    """Make a draft reply of the mail on stdin, sent to a campaign's address.

    For a mail server's pipe. Exit code 1: it is for no campaign, or cannot be read.
    """
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    with ready_app().app_context():
        try:
            with db.transaction() as session:
                inbox.save_email(session, raw, recipient=recipient)
        except inbox.EmailRejected as problem:
            if problem.slug in _QUIETLY:
                click.echo(_QUIETLY[problem.slug])
                return
            raise click.ClickException(_LOUDLY.get(problem.slug, problem.slug)) from problem
        except UnreadableFile as problem:
            why = problem.fault.sentence
            raise click.ClickException(_LOUDLY.get(why, _LOUDLY["mail-broken"])) from problem
    click.echo("The mail is a draft reply now.")
