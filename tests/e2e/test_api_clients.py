"""Clients of Action Network's API, as they are published, against the demo."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from osdi.action_network.person import ANPerson
from osdi.action_network.service import ActionNetworkService
from sqlalchemy import select

from campaign.core import db
from campaign.models.network import MemberState, NetworkMember
from tests.e2e.conftest import ROOT, Site
from tests.factories import make_members, make_token

pytestmark = pytest.mark.e2e
_MEMBERS = 60


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    with site.entered() as app:
        with db.transaction() as session:
            make_members(session, _MEMBERS)
        return make_token(app)


def run_node(script: str, *arguments: str) -> Any:
    environment = os.environ | {"NODE_PATH": str(ROOT / "node_modules")}
    path = Path(__file__).with_name(script)
    done = subprocess.run(
        ["node", str(path), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # before it, packages may say that they are old


def test_the_client_of_pypi_reads_everybody_finds_one_and_adds_one(site: Site, token: str) -> None:
    service = ActionNetworkService(f"{site.url}/api/osdi", token)
    people = service.get_model_raw("people", "osdi:people")
    addresses = {person["email_addresses"][0]["address"] for person in people}
    assert len(people) == len(addresses) >= _MEMBERS
    person = service.find_person(email="member-7@example.org", model=ANPerson)
    assert person.email == "member-7@example.org"
    assert person.tags == {}
    again = service.find_person(an_id=person.id, model=ANPerson)
    assert again.raw_data == person.raw_data
    assert service.find_person(email="unknown@example.org", model=ANPerson) is None
    service.create_person("Ana", "Ruiz", "ana.ruiz@example.org")
    with site.entered(), db.reading() as session:
        newest = session.scalars(select(NetworkMember).order_by(NetworkMember.id.desc())).first()
        assert (newest.email, newest.state) == ("ana.ruiz@example.org", MemberState.PENDING)


def test_the_client_of_npm_follows_the_links_from_page_to_page(site: Site, token: str) -> None:
    answer = run_node("osdi_client.js", f"{site.url}/api/osdi/", token)
    assert answer["version"] == "1.2"
    assert len(answer["people"]) == len(set(answer["people"])) >= _MEMBERS
    assert "member-60@example.org" in answer["people"]
    assert len(answer["petitions"]) == 1


def test_the_browser_of_npm_shows_each_kind_of_thing(site: Site, token: str) -> None:
    base = f"{site.url}/api/osdi"
    paths = ("", "petitions", "advocacy_campaigns", "people", "nowhere")
    pages = run_node("hal_browser.js", token, *(f"{base}/{path}" for path in paths))
    entry, petitions, campaigns, people, nowhere = pages
    assert f'href="{base}/petitions"' in entry
    assert "UA 58/20" in petitions
    assert "total_outreaches" in campaigns
    assert "member-1@example.org" in people
    assert "There is nothing at this address" in nowhere
