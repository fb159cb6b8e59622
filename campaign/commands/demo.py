"""`campaign demo` and `campaign synth`: invented people, for trying, rehearsing and load."""

import json
import sys

import click

from campaign.commands.instance import ready_app
from campaign.core.errors import NotFound
from campaign.demo import load_demo, synthesis


@click.command()
def demo() -> None:
    """Load the demo. Loading it again changes nothing."""
    with ready_app(create=True).app_context():
        added = load_demo.load_demo()
        click.echo("Demo loaded." if added else "The demo was already loaded.")
        click.echo(load_demo.sign_in_sheet())


@click.command()
@click.argument("campaign")
@click.option("--signatures", type=click.IntRange(1, 2_000_000), required=True)
@click.option("--own-words", default=0.3, show_default=True, type=click.FloatRange(0, 1))
@click.option("--locales", default="en,fr,es", show_default=True, help="Languages of the letters.")
@click.option("--seed", default=7, show_default=True, type=int)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def synth(
    campaign: str, signatures: int, own_words: float, locales: str, seed: int, as_json: bool
) -> None:
    """Add invented signatures to CAMPAIGN.

    They are confirmed. Use them for rehearsals and load tests.
    """
    progress = click.progressbar(length=signatures, file=sys.stderr)
    with ready_app().app_context(), progress as bar:
        try:
            added = synthesis.synthesise(
                campaign,
                signatures=signatures,
                own_words=own_words,
                locales=[code.strip() for code in locales.split(",") if code.strip()],
                seed=seed,
                progress=bar.update,
            )
        except NotFound as problem:
            raise click.ClickException(f"There is no campaign {campaign}.") from problem
    if as_json:
        click.echo(json.dumps({"campaign": campaign, "signatures": added, "seed": seed}))
    else:
        click.echo(f"Added {added} invented signatures to {campaign}.")
