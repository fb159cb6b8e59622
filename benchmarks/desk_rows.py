"""Rows for measuring the desk: copied inside the database, so that a million take a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, text


@dataclass(frozen=True)
class Size:
    campaigns: int = 500
    officials: int = 20_000
    missions: int = 10_000
    signatures: int = 1_000_000
    members: int = 200_000


@dataclass(frozen=True)
class _Words:
    """What the two databases say differently."""

    numbers: str
    public_id: str
    bytes32: str
    seal_id: str
    ago: str
    """A moment so many minutes (`{n}`) ago."""


_WORDS = {
    "sqlite": _Words(
        "(WITH RECURSIVE many(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM many "
        "WHERE n < {count} - 1) SELECT n FROM many)",
        "lower(hex(randomblob(11)))",
        "randomblob(32)",
        "randomblob(16)",
        "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || ({n}) || ' minutes')",
    ),
    "postgresql": _Words(
        "(SELECT generate_series(0, {count} - 1) AS n)",
        "substr(md5(random()::text), 1, 22)",
        "decode(md5(random()::text) || md5(random()::text), 'hex')",
        "decode(md5(random()::text), 'hex')",
        "now() - ({n}) * interval '1 minute'",
    ),
}
_COUNTRIES = ["CA", "MX", "FR", "ES", "US", "DE", "IT", "JP", "BR", "AR", "CL", "CO", "PE", "KE"]


def fill(size: Size) -> None:
    """An organisation's whole history, of the demo's rows."""
    from campaign.core import db
    from campaign.demo.load_demo import load_demo

    load_demo()
    _freeze()
    _on_paper()
    _join()
    engine = db.database().engine
    with engine.begin() as connection:
        _Filler(connection, size).fill()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _freeze() -> None:
    """One true bundle, whose copies the others are."""
    from campaign.campaigns.find_campaigns import get_campaign
    from campaign.core import db
    from campaign.models.bundle import Journey
    from tests.factories import freeze_waiting

    with db.transaction() as session:
        bundle = freeze_waiting(session, get_campaign(session, "ua-58-20"))
        bundle.journey = Journey(mission=bundle.mission)


def _on_paper() -> None:
    """A sheet of signatures and a reply, so that there are pages of them."""
    from sqlalchemy import select

    from campaign.core import clock, db
    from campaign.models.campaign import Campaign
    from campaign.models.paper_signature import PaperSheet, SheetKind
    from campaign.models.reply import Channel, Reply

    today = clock.today("UTC")
    with db.transaction() as session:
        great = session.scalars(select(Campaign).where(Campaign.slug == "ua-58-20")).one()
        session.add(
            PaperSheet(campaign_id=great.id, kind=SheetKind.SHEET, collected_on=today, country="CA")
        )
        session.add(
            Reply(
                campaign_id=great.id,
                received_on=today,
                channel=Channel.LETTER,
                locale="en",
                text="We have read your letters.",
            )
        )


def _join() -> None:
    """A member of the network, whose copies the others are."""
    from campaign.core import db
    from campaign.models.network import MemberState, NetworkMember

    with db.transaction() as session:
        session.add(
            NetworkMember(
                state=MemberState.ACTIVE,
                email="member@example.org",
                email_hmac=bytes(32),
                locale="en",
                consent_wording="Write to me.",
                confirmed_at=db.utcnow(),
            )
        )


class _Filler:
    def __init__(self, connection: Connection, size: Size) -> None:
        self.connection = connection
        self.size = size
        self.words = _WORDS[connection.dialect.name]

    def fill(self) -> None:
        if self.connection.dialect.name == "sqlite":  # indexes of random keys, all in memory
            self._run("PRAGMA cache_size = -1500000")
        country = self._pick("m.n", _COUNTRIES)
        self._copy(
            "official",
            self.size.officials,
            "governor-of-yucatan",
            {
                "slug": "'official-' || m.n",
                "name": "'Official ' || m.n",
                "country": country,
                "source_id": "'o' || m.n",
            },
        )
        self._copy(
            "mission",
            self.size.missions,
            "mexico-ottawa",
            {
                "slug": "'mission-' || m.n",
                "locality": "'City ' || m.n",
                "sending_country": country,
                "host_country": self._pick("m.n / 20", _COUNTRIES),
                "source_id": "'m' || m.n",
            },
        )
        self._campaigns()
        self._signatures()
        self._members()
        self._letters()
        self._deliveries()

    def _pick(self, number: str, values: list[str]) -> str:
        cases = " ".join(f"WHEN {n} THEN '{value}'" for n, value in enumerate(values))
        return f"CASE ({number}) % {len(values)} {cases} END"

    def _copy(self, table: str, count: int, slug: str, values: Mapping[str, str]) -> None:
        """`count` copies of the row of that slug, or of the table's first."""
        there = self._scalar(f"SELECT count(*) FROM {table} WHERE slug = '{slug}'")
        sample = f"one.slug = '{slug}'" if there else f"one.id = (SELECT min(id) FROM {table})"
        numbers = self.words.numbers.format(count=count)
        self._insert(table, values, f"{numbers} AS m JOIN {table} AS one ON {sample}")

    def _insert(self, table: str, values: Mapping[str, str], source: str) -> None:
        """Rows as those of `one`, but for `values`; nothing is taken over that must be unique."""
        names = [
            column["name"]
            for column in inspect(self.connection).get_columns(table)
            if column["name"] != "id"
        ]
        standing = {"public_id": self.words.public_id} | dict(values)
        chosen = [standing.get(name, f"one.{name}") for name in names]
        quoted = ", ".join(f'"{name}"' for name in names)
        self._run(f'INSERT INTO "{table}" ({quoted}) SELECT {", ".join(chosen)} FROM {source}')

    def _campaigns(self) -> None:
        status = (
            "CASE WHEN m.n < 40 THEN 'open' WHEN m.n < 100 THEN 'draft' "
            "WHEN m.n < 110 THEN 'stopped' ELSE 'closed' END"
        )
        ended = self.words.ago.format(n="m.n * 4000")
        self._copy(
            "campaign",
            self.size.campaigns - 4,
            "ua-58-20",
            {
                "slug": "'bench-' || m.n",
                "reference": "'UB ' || m.n || '/26'",
                "status": status,
                "closed_at": f"CASE WHEN m.n >= 100 THEN {ended} END",
                "country": self._pick("m.n", _COUNTRIES),
                "picture": "''",
                "picture_wide": "''",
                "picture_small": "''",
                "owner_id": "one.created_by_id",
                "follows_id": "NULL",
            },
        )
        new = "campaign AS c ON c.slug LIKE 'bench-%'"
        of_sample = "one.campaign_id = (SELECT id FROM campaign WHERE slug = 'ua-58-20')"
        for table in ("edition", "letter_template"):
            extra = {"target_id": "NULL"} if table == "letter_template" else {}
            self._insert(
                table,
                {"campaign_id": "c.id", **extra},
                f"{table} AS one JOIN {new} AND {of_sample}",
            )
        self._insert(
            "talking_point",
            {"template_id": "t.id"},
            "talking_point AS one JOIN letter_template AS old ON old.id = one.template_id "
            "JOIN campaign AS k ON k.id = old.campaign_id AND k.slug = 'ua-58-20' "
            "JOIN letter_template AS t ON t.locale = old.locale AND t.version = old.version "
            f"JOIN {new} AND c.id = t.campaign_id",
        )
        officials = self._scalar("SELECT min(id) FROM official WHERE slug LIKE 'official-%'")
        missions = self._scalar("SELECT min(id) FROM mission WHERE slug LIKE 'mission-%'")
        self._insert(
            "target",
            {
                "campaign_id": "c.id",
                "official_id": f"{officials} + c.id",
                "mission_id": f"{missions} + c.id % 200",
            },
            f"target AS one JOIN {new} AND one.id = (SELECT min(t.id) FROM target AS t "
            "JOIN campaign AS k ON k.id = t.campaign_id WHERE k.slug = 'ua-58-20')",
        )

    def _signatures(self) -> None:
        """Three in ten of one great action; the others of twenty that run at a time."""
        first = self._scalar("SELECT min(id) FROM campaign WHERE slug LIKE 'bench-%'")
        great = self._scalar("SELECT id FROM campaign WHERE slug = 'ua-58-20'")
        samples = self._scalar("SELECT count(*) FROM signature")
        # Drafts have none: the first to come were closed campaigns, the last are those that run.
        ended = self.size.campaigns - 4 - 100
        step = max(1, self.size.signatures // (ended // 20 + 2))
        slot = (
            f"CASE WHEN m.n >= {ended // 20 * step} THEN m.n % 40 "
            f"ELSE 100 + (m.n / {step} * 20 + m.n % 20) % {ended} END"
        )
        minutes = f"({self.size.signatures} - m.n) / 5"
        waits = self._pick("m.n", ["pending" if n == 7 else "confirmed" for n in range(50)])
        state = (
            f"CASE WHEN m.n % 97 = 3 THEN 'held' WHEN m.n % 101 = 5 THEN 'invalid' ELSE {waits} END"
        )
        numbers = self.words.numbers.format(count=self.size.signatures - samples)
        moment = self.words.ago.format(n=minutes)
        self._insert(
            "signature",
            {
                "campaign_id": f"CASE WHEN m.n % 10 < 3 THEN {great} ELSE {first} + {slot} END",
                "email_hmac": self.words.bytes32,
                "state": state,
                "token_digest": "NULL",
                "token_expires_at": "NULL",
                "signed_at": moment,
                "consent_delivery_at": moment,
                "confirmed_at": f"CASE WHEN {state} = 'pending' THEN NULL ELSE {moment} END",
            },
            f"{numbers} AS m JOIN signature AS one ON one.id = 1 + m.n % {samples}",
        )

    def _members(self) -> None:
        self._insert(
            "network_member",
            {
                "email_hmac": self.words.bytes32,
                "confirmed_at": self.words.ago.format(n="m.n / 500 * 1440"),
            },
            f"{self.words.numbers.format(count=self.size.members)} AS m JOIN network_member AS one "
            "ON one.id = (SELECT max(id) FROM network_member)",
        )

    def _letters(self) -> None:
        newest = self._scalar("SELECT max(signature_id) FROM letter")
        self._run(
            "INSERT INTO letter (public_id, seal_id, signature_id, target_id, template_id) "
            f"SELECT {self.words.public_id}, {self.words.seal_id}, s.id, t.id, p.id "
            "FROM signature AS s "
            "JOIN (SELECT campaign_id, min(id) AS id FROM target WHERE kind = 'to' "
            "GROUP BY campaign_id) AS t ON t.campaign_id = s.campaign_id "
            "JOIN (SELECT campaign_id, min(id) AS id FROM letter_template "
            "GROUP BY campaign_id) AS p ON p.campaign_id = s.campaign_id "
            f"WHERE s.id > {newest}"
        )

    def _deliveries(self) -> None:
        """A bundle for each campaign that ended, with its letters, and how it was handed over."""
        now = self.words.ago.format(n="0")
        self._insert(
            "bundle",
            {
                "campaign_id": "c.id",
                "mission_id": "t.mission_id",
                "state": "'ready'",
                "letter_count": "1000",
                "sequence": "1",
            },
            "bundle AS one JOIN campaign AS c ON c.status = 'closed' AND c.slug LIKE 'bench-%' "
            "JOIN target AS t ON t.campaign_id = c.id "
            "WHERE one.id = (SELECT min(id) FROM bundle) AND t.mission_id IS NOT NULL",
        )
        self._run(
            "UPDATE letter SET bundle_id = b.id, sequence = letter.id, first_page = letter.id, "
            "pages = 1 FROM bundle AS b, target AS t WHERE t.id = letter.target_id "
            "AND b.campaign_id = t.campaign_id "
            "AND letter.bundle_id IS NULL AND b.state = 'ready'"
        )
        self._run(
            "INSERT INTO delivery_attempt (public_id, campaign_id, mission_id, bundle_id, "
            "happened_on, place, received_by, messages, outcome, notes, created_at) SELECT "
            f"{self.words.public_id}, campaign_id, mission_id, id, CURRENT_DATE, '', '', 1000, "
            "'accepted', '{}', " + now + " FROM bundle WHERE id % 3 > 0"
        )
        self._run(
            "INSERT INTO hold (signature_id, seal_id, campaign_id, reasons, held_at, decision) "
            f"SELECT id, {self.words.seal_id}, campaign_id, '[\"similar\"]', signed_at, 'open' "
            "FROM signature WHERE state = 'held'"
        )

    def _run(self, statement: str) -> None:
        self.connection.execute(text(statement.replace(":", "\\:").replace("\\:\\:", "\\:\\:")))

    def _scalar(self, statement: str) -> Any:
        return self.connection.scalar(text(statement))
