"""`campaign staff`: who can come to the desk."""

from contextlib import closing

import click
from sqlalchemy.orm import Session

from campaign.commands.instance import ready_app
from campaign.core import db
from campaign.core.errors import Invalid
from campaign.core.settings import Settings
from campaign.models.staff import Role, StaffUser
from campaign.staff import second_factor, staff_users
from campaign.staff.password_links import LINK_DAYS, create_password_link, mail_password_link
from campaign.staff.staff_users import has_anybody_password


@click.group()
def staff() -> None:
    """Add people to the staff."""


@staff.command()
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="What they may do; wanted for somebody new.",
)
@click.option("--name", default="", help="Their name, as the desk shows it.")
@click.option("--locale", help="Language of their desk [the site's first]")
@click.option("--new-link", is_flag=True, help="A new link for somebody who is on the staff.")
def add(email: str, role: str | None, name: str, locale: str | None, new_link: bool) -> None:
    """Add EMAIL to the staff and mail them a link by which they set a password.

    As long as nobody has set one, the link is printed instead, as the only thing on stdout. It
    works once, and for three days.
    """
    app = ready_app(create=True)
    settings: Settings = app.extensions["settings"]
    chosen = locale or settings.locales[0]
    if chosen not in settings.locales:
        raise click.BadParameter(f"one of {', '.join(settings.locales)}.", param_hint="--locale")
    with closing(app.extensions["database"]), app.app_context(), db.transaction() as session:
        user = staff_users.find_by_email(session, email)
        if user is None:
            if role is None:
                raise click.UsageError("Missing option '--role': what may they do?")
            user = _add(session, email, Role(role), name, chosen)
        elif not new_link:
            raise click.ClickException(
                f"{email} is on the staff already. For a new link: "
                f"campaign staff add {email} --new-link"
            )
        elif not user.active:
            raise click.ClickException(f"{email} is disabled. Enable the account at the desk.")
        else:
            staff_users.note_new_link(session, user=user, actor="command")
        if has_anybody_password(session):
            who, is_new = settings.organisation_name, user.password is None
            mail_password_link(session, user, inviter=who, is_new=is_new)
            click.echo(f"A link to set a password is on its way to {email}.", err=True)
            return
        link = create_password_link(user)
    click.echo(f"Within {LINK_DAYS} days, {email} can set a password once at", err=True)
    if settings.mode == "development":
        click.echo("(Where the site runs on another port, put that into the link.)", err=True)
    click.echo(link)


@staff.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Let EMAIL sign in by the password alone: phone and recovery codes are lost.

    All their sessions end. Make sure first that it is really them who ask.
    """
    app = ready_app()
    with closing(app.extensions["database"]), app.app_context(), db.transaction() as session:
        user = staff_users.find_by_email(session, email)
        if user is None:
            raise click.ClickException(f"Nobody on the staff has the address {email}.")
        second_factor.reset(session, user=user, actor="command")
    click.echo(f"{email} signs in by the password alone now.")


def _add(session: Session, email: str, role: Role, name: str, locale: str) -> StaffUser:
    try:
        return staff_users.add_staff_user(
            session, email=email, role=role, name=name, locale=locale, actor="command"
        )
    except Invalid as problem:
        raise click.ClickException(
            f"{email} is no e-mail address. It looks like name@example.org."
        ) from problem
