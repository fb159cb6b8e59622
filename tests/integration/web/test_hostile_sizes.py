"""Half a megabyte from a stranger, in any field, is less than a second of work."""

import re
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core.settings import Settings, load_settings
from campaign.web.security import MAX_BODY_BYTES
from tests.factories import make_campaign
from tests.integration.web.test_routes import PUBLIC_BLUEPRINTS

HOSTILE = {
    "marks": "e" + "\u0301\u0316" * 120_000,
    "lines": "\n" * 500_000,
    "an address": "a@" + "b." * 240_000 + "é",
    "brackets": "((" * 240_000,
}
_SECONDS = 1.0
"""Of processor time: how busy the machine is else makes no difference."""


_ALONE = ("email", "given_name", "own_words", "password")
"""Fields that are sent whole; the others share the half megabyte."""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Limits that let every request through to its form."""
    limits = {"burst_per_network": 100_000, "signings_per_hour": 100_000, "links_per_hour": 100_000}
    previews = {"previews_per_hour": 100_000, "live_previews_per_hour": 100_000}
    return load_settings(instance=tmp_path, database_url=database_url, **limits, **previews)


def _public_paths(app: Flask, slug: str) -> list[str]:
    values = {"slug": slug, "lang": "en", "token": "x" * 43, "locale": "en"}
    urls = app.url_map.bind("localhost")
    return sorted(
        {
            urls.build(rule.endpoint, {name: values.get(name, "x") for name in rule.arguments})
            for rule in app.url_map.iter_rules()
            if "POST" in (rule.methods or ())
            and rule.endpoint.partition(".")[0] in PUBLIC_BLUEPRINTS
        }
    )


def _fields(client: FlaskClient, path: str, all_names: set[str]) -> set[str]:
    page = client.get(path)
    names = set(re.findall(r'name="([\w-]+)"', page.text)) if page.status_code == 200 else set()
    return names or all_names


@pytest.mark.one_engine
@pytest.mark.parametrize("kind", HOSTILE)
def test_half_a_megabyte_from_a_stranger(
    app: Flask, client: FlaskClient, session: Session, kind: str
) -> None:
    campaign = make_campaign(session)
    session.commit()
    text = HOSTILE[kind]
    assert len(text.encode()) < MAX_BODY_BYTES
    paths = _public_paths(app, campaign.slug)
    assert len(paths) > 15
    usual = set(re.findall(r'name="([\w-]+)"', client.get(f"/en/{campaign.slug}/write").text))
    usual |= {"given_name", "family_name", "email", "locality", "postal_code", "country"}
    slow, taken = {}, 0
    for path in paths:
        names = _fields(client, path, usual)
        part = text[: len(text) // len(names)]
        forms = [dict.fromkeys(names, part), *({name: text} for name in names & set(_ALONE))]
        for form in forms:
            begun = time.process_time()
            answer = client.post(path, data=form, content_type="multipart/form-data")
            spent = time.process_time() - begun
            assert answer.status_code < 500
            taken += answer.status_code not in {403, 413, 429}
            if spent > _SECONDS:
                slow[f"{path} {sorted(form)}"] = round(spent, 2)
    assert slow == {}
    assert taken > len(paths) // 2, "most were refused before they were read"
