"""The `campaign` command: its groups, and how failures end."""

import atexit
import gc
import os
import sys

import click

from campaign.commands import (
    backup,
    demo,
    doctor,
    imports,
    install_check,
    instance,
    keys,
    print_bundle,
    prove,
    reply_mail,
    serve,
    staff_accounts,
)
from campaign.core.errors import DomainError, UnsafeSettings
from campaign.core.logs import place_of
from campaign.core.settings import load_settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="urgent-action-letters", prog_name="campaign")
def campaign() -> None:
    """Urgent action letters: run the site, manage accounts, print, check.

    CAMPAIGN_INSTANCE=DIR sets the instance folder (default: ./instance).
    """


for command in (
    serve.run,
    serve.web,
    serve.worker,
    serve.metrics,
    serve.watch,
    demo.demo,
    demo.synth,
    instance.database_group,
    staff_accounts.staff,
    imports.import_,
    reply_mail.reply_mail,
    print_bundle.bundle,
    print_bundle.verify,
    prove.prove,
    doctor.doctor,
    install_check.install,
    instance.files_group,
    keys.keys,
    backup.audit_group,
    instance.settings_command,
    instance.privacy_pack,
    backup.backup,
    backup.restore,
):
    campaign.add_command(command)


def main() -> None:
    """Run the command; a failure is one line on stderr and exit code 1.

    In development a bug keeps its traceback.
    """
    # Database, queue, files and mails are their owner's, also where the folder was made by hand.
    os.umask(0o077)
    # What is in memory goes with the process: the collector need not look through it before, which
    # would take the best part of a second.
    atexit.register(gc.freeze)
    try:
        campaign(prog_name="campaign")
    except (DomainError, UnsafeSettings) as problem:
        click.echo(f"campaign: {problem}", err=True)
        sys.exit(1)
    except Exception as problem:
        if _is_development():
            raise
        # Its message may quote a person, and stderr is somebody's log.
        click.echo(f"campaign: {type(problem).__name__} at {place_of(problem)}", err=True)
        sys.exit(1)


def _is_development() -> bool:
    try:
        return load_settings().mode == "development"
    except Exception:
        return False


if __name__ == "__main__":
    main()
