"""`campaign reply-mail`: a mail server hands an official's mail over, on stdin."""

import sys

import click

from campaign.commands.instance import ready_app
from campaign.core import db
from campaign.core.errors import UnreadableFile
from campaign.replies import inbox
from campaign.replies.mime import MAX_BYTES

_QUIETLY = {
    "mail-automatic": "This email was sent automatically. No draft was made.",
    "mail-known": "This email is already a draft.",
}
_LOUDLY = {
    "mail-for-nobody": "No campaign has this address. Check the setting reply_address.",
    "mail-too-big": "The email is larger than 25 MB.",
    "mail-broken": "This is not a readable email.",
}


@click.command("reply-mail")
@click.option(
    "--to", "recipient", default="", metavar="ADDRESS", help="Address the email was sent to."
)
def reply_mail(recipient: str) -> None:
    """Save an email as a draft reply.

    The email comes on stdin, from the pipe of a mail server. Exit code 1: no campaign has this
    address, or the email cannot be read.
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
    click.echo("Saved the email as a draft reply.")
