"""`campaign staff`: who can come to the desk."""

from contextlib import suppress

import click
from sqlalchemy.orm import Session

from campaign.commands.instance import ready_app
from campaign.core import db
from campaign.core.audit import DoneBefore
from campaign.core.errors import Invalid
from campaign.core.settings import Settings
from campaign.models.staff import Role, StaffUser
from campaign.staff import second_factor, staff_users
from campaign.staff.passwords import LINK_DAYS, create_password_link, mail_password_link
from campaign.staff.staff_users import has_anybody_password


@click.group()
def staff() -> None:
    """Manage accounts of the workspace."""


@staff.command()
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="Role of the person. Required for a new account.",
)
@click.option("--name", default="", help="Name shown in the workspace.")
@click.option("--locale", help="Language of the workspace [the first language of the site]")
@click.option(
    "--new-link", is_flag=True, help="Send a new link to someone who already has an account."
)
def add(email: str, role: str | None, name: str, locale: str | None, new_link: bool) -> None:
    """Create an account for EMAIL and email a link to set a password.

    Until someone has set a password, the link is printed instead, alone on stdout. It works once,
    for three days.
    """
    app = ready_app(create=True)
    settings: Settings = app.extensions["settings"]
    chosen = locale or settings.locales[0]
    if chosen not in settings.locales:
        raise click.BadParameter(f"one of {', '.join(settings.locales)}.", param_hint="--locale")
    with app.app_context(), db.transaction() as session:
        user = staff_users.find_by_email(session, email)
        if user is None:
            if role is None:
                raise click.UsageError("Missing option '--role'. Choose the person's role.")
            user = _add(session, email, Role(role), name, chosen)
        elif not new_link:
            raise click.ClickException(
                f"{email} already has an account. For a new link: "
                f"campaign staff add {email} --new-link"
            )
        elif not user.active:
            raise click.ClickException(f"{email} is disabled. Enable the account in the workspace.")
        else:
            staff_users.note_new_link(session, user=user, actor="command")
        if has_anybody_password(session):
            who, is_new = settings.organisation_name, user.password is None
            mail_password_link(session, user, inviter=who, is_new=is_new)
            click.echo(f"We are emailing {email} a link to set a password.", err=True)
            return
        link = create_password_link(user)
    click.echo(f"Within {LINK_DAYS} days, {email} can set a password once at", err=True)
    if settings.mode == "development":
        click.echo("(If the site runs on another port, change the port in the link.)", err=True)
    click.echo(link)


@staff.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Reset two-step sign-in for EMAIL. Phone codes, passkeys and recovery codes stop working.

    EMAIL then signs in with only the password. All sessions end. First make sure that the request
    really comes from this person.
    """
    with ready_app().app_context(), db.transaction() as session:
        user = staff_users.find_by_email(session, email)
        if user is None:
            raise click.ClickException(f"There is no account for {email}.")
        with suppress(DoneBefore):
            second_factor.reset(session, user=user, actor="command")
    click.echo(f"{email} now signs in with only the password.")


def _add(session: Session, email: str, role: Role, name: str, locale: str) -> StaffUser:
    try:
        return staff_users.add_staff_user(
            session, email=email, role=role, name=name, locale=locale, actor="command"
        )
    except Invalid as problem:
        raise click.ClickException(
            f"{email} is not an email address. Enter one like name@example.org."
        ) from problem
