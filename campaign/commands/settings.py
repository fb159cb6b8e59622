"""`campaign settings`: every setting, as Markdown; docs/settings.md is what it prints."""

import click
from pydantic import SecretStr

from campaign.core.settings import Settings

_INTRODUCTION = """# Settings

Every setting has a default. Put another value into `settings.toml` in the instance folder, or into
the environment under the name with `CAMPAIGN_` before it, in capitals; the environment wins. A
setting that is not known, or a mix that is not safe, stops the start with a sentence that says why.

    # instance/settings.toml
    organisation_name = "Letters for Defenders"
    accent = "#1f4e79"

`campaign settings` prints this page.

| setting | default | what it is |
|---|---|---|"""


def settings_page() -> str:
    rows = [_INTRODUCTION]
    for name, field in Settings.model_fields.items():
        shown = _show(field.get_default(call_default_factory=True))
        description = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{name}` | {f'`{shown}`' if shown else ''} | {description} |")
    return "\n".join(rows) + "\n"


def _show(default: object) -> str:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, list):
        return ", ".join(default)
    return "" if default is None else str(default)


@click.command()
def settings() -> None:
    """Print every setting with its default and its meaning."""
    click.echo(settings_page(), nl=False)
