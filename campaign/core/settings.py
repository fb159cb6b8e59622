"""Every setting: defaults, then `settings.toml` of the instance folder, then the environment."""

import base64
import os
import re
import tomllib
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from flask import current_app, has_app_context
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from campaign.core import unsafe_settings
from campaign.core.errors import UnsafeSettings
from campaign.core.keyfiles import KEY_BYTES, read_key
from campaign.core.language_facts import languages_read


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


CommaList = Annotated[list[str], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CAMPAIGN_", extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    instance: Path = Path("instance")
    """Folder of keys, SQLite files and files."""
    files: str = ""
    """Where files are kept, encrypted: empty means the folder `files` in the instance folder; or
    another folder; or `s3://bucket/prefix`."""
    scratch: str = ""
    """Folder for files in the making, plain for that moment: empty means `scratch` in the instance
    folder. Best on an encrypted disk or in memory."""
    s3_endpoint: str = ""
    """Address of an S3-compatible store; empty means Amazon’s."""
    s3_region: str = "us-east-1"
    """Its region."""
    s3_key_id: str = ""
    """Id of the access key."""
    s3_secret: SecretStr = SecretStr("")
    """The access key itself."""

    backup_recipients: CommaList = []
    """Public keys (age or SSH) to which each backup is encrypted, so that it tells nothing but its
    size; with commas between. Empty: a ZIP in which personal data is encrypted."""

    retention_months: int = Field(6, ge=0, le=120)
    """Months after the delivery of a letter, after which the supporter’s contact data and words
    are deleted. Where it is not delivered: months after its campaign is closed or stopped and
    the last delivery is made. The counts stay. 0: never."""
    keep_printed_files: bool = False
    """Whether the printed files of a bundle, which name people, are kept beyond that, and given
    out; otherwise their hashes are."""

    mode: Literal["development", "production"] = "development"
    """`production` wants https, a real mail server, safe keys, closed folders and second
    factors."""
    base_url: str = "http://127.0.0.1:5000"
    """Address under which people reach the site."""
    trusted_proxies: int = Field(0, ge=0, le=5)
    """How many proxies are in front and set X-Forwarded-*."""
    database_url: str = ""
    """SQLAlchemy address; empty means `campaign.sqlite` in the instance folder. To PostgreSQL on
    another machine with `?sslmode=verify-full`."""
    jobs_url: str = ""
    """Queue: empty means `jobs.sqlite` in the instance folder; or `postgresql://…`, or `redis://…`;
    on another machine with `?sslmode=verify-full`, or `rediss://…`."""
    secret_key: SecretStr | None = None
    """Signs sessions and links; empty means the file `secret.key`."""
    data_key: SecretStr | None = None
    """Encrypts personal data: 32 bytes in base64; empty means the file `data.key`."""
    later_data_keys: Annotated[list[SecretStr], NoDecode, BeforeValidator(_split)] = []
    """Where `data_key` is set: the keys that came after it, the oldest first; with commas between.
    Otherwise they are the files `data-2.key`, `data-3.key`, …"""
    web_workers: int = Field(1, ge=1, le=64)
    """Web processes of one machine."""
    web_threads: int = Field(8, ge=1, le=64)
    """Threads of each web process."""
    worker_threads: int = Field(2, ge=1, le=64)
    """Jobs that one background service runs at once."""
    metrics_port: int = Field(0, ge=0, le=65535)
    """Port on which `campaign metrics` answers Prometheus, on this machine. 0: nothing is
    counted."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged. Personal data never is."""

    organisation_name: str = "Letters for Defenders"
    """Who runs this site."""
    organisation_email: str = "office@example.org"
    """Contact address shown."""
    organisation_website: str = ""
    """The organization’s own site, if any."""
    organisation_address: CommaList = ["12 Example Street", "Ottawa ON K1A 0A1"]
    """Lines of the postal address, on cover letters and in the foot of each email; with commas
    between."""
    organisation_country: str = Field("CA", pattern="^[A-Z]{2}$")
    """Where the staff are; picks the nearest mission, and the paper of letters that go by post."""
    organisation_place: str = "Ottawa"
    """Town from which letters are dated."""
    organisation_logo: str = ""
    """PNG, JPEG, WebP or SVG file in the instance folder; empty: the name alone."""
    privacy_officer: str = ""
    """Title and contact of the person in charge of personal information, for the privacy notice:
    `Privacy Officer, privacy@example.org`."""
    supervisory_authority: str = ""
    """Authority to which people can complain, for the privacy notice."""
    hosting_provider: str = ""
    """Hosting provider and its country, for the privacy notice."""
    email_provider: str = ""
    """Provider that sends the emails and its country, for the privacy notice."""
    printing_provider: str = ""
    """Printing company and its country, for the privacy notice. Empty: the staff print."""
    crm_provider: str = ""
    """Maker of the CRM to which you send members, and its country, for the privacy notice."""
    backup_days: int = Field(0, ge=0)
    """Days after which you delete a backup, for the privacy notice. 0: not said. The program
    deletes no backups."""
    minimum_age: int | None = Field(None, ge=0, le=25)
    """Age from which people may sign, for the privacy notice. 0: any age. Empty: not said."""
    security_contact: str = ""
    """Where security problems are reported, an email address or an https address, for
    `/.well-known/security.txt`. Empty: `organisation_email`."""
    accent: str = "#1f4e79"
    """Colour of links and the main button, light."""
    accent_dark: str = "#8fb8de"
    """The same on a dark page."""

    locales: CommaList = list(languages_read())
    """Languages of the pages, the first one the default; with commas between. One that no one has
    read yet is served, and is not in the menu. Without a translation readers see English."""
    timezone: str = "America/Toronto"
    """Time zone in which times are shown."""

    digest_hour: int = Field(7, ge=0, le=23)
    """Hour in that zone from which staff get the morning email. Five hours later none is sent any
    more that day."""

    second_person_opens: bool = False
    """Whether someone other than its author sees a campaign before it opens."""
    second_person_posts: bool = False
    """Whether a second person approves each update, each outcome in the page text, and the reason
    of a closing or a stop, before they are published. The stop itself never waits."""

    mail_transport: Literal["files", "smtp"] = "files"
    """`files` writes emails to `outbox` in the instance folder."""
    mail_from: str = "letters@example.org"
    """Sender address of every email."""
    smtp_host: str = "localhost"
    """Mail server."""
    smtp_port: int = Field(587, ge=1, le=65535)
    """Its port."""
    smtp_user: str = ""
    """User name, if the server wants one."""
    smtp_password: SecretStr = SecretStr("")
    """Its password."""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted: `starttls`, `tls` from the start, or `none`."""
    mails_per_address_per_day: int = Field(5, ge=1)
    """Emails of a kind to one address in a day, no matter who asks: links that confirm letters,
    notices about letters. Links to My letters: 3 at most. Joining the network: 2 at most."""

    bounce_maildir: str = ""
    """Maildir folder of the address mail_from, for emails that bounce; marks their addresses.
    Empty: nothing is read."""
    bounce_imap: str = ""
    """The same on an IMAP server, over TLS: `imaps://letters@example.org@imap.example.org/INBOX`
    (user, server, folder)."""
    bounce_imap_password: SecretStr = SecretStr("")
    """Its password."""
    ses_bounce_topic: str = ""
    """ARN of the SNS topic by which Amazon SES reports bounces to `/webhooks/bounces/ses`, such as
    arn:aws:sns:ca-central-1:123456789012:bounces. Empty: off."""
    postmark_bounce_secret: SecretStr = SecretStr("")
    """Password with which Postmark reports bounces to `/webhooks/bounces/postmark`."""
    mailgun_signing_key: SecretStr = SecretStr("")
    """HTTP webhook signing key of Mailgun, which reports bounces to `/webhooks/bounces/mailgun`."""
    brevo_bounce_secret: SecretStr = SecretStr("")
    """Token or password with which Brevo reports bounces to `/webhooks/bounces/brevo`."""
    reply_address: str = ""
    """Address for officials’ replies, such as reply@example.org; each campaign has
    reply+…@example.org. Empty: campaigns have no address."""
    reply_maildir: str = ""
    """Maildir folder of that address; its emails become drafts of replies."""
    reply_imap: str = ""
    """The same on an IMAP server, as bounce_imap."""
    reply_imap_password: SecretStr = SecretStr("")
    """Its password."""

    outgoing_hosts: CommaList = []
    """Hosts of webhooks and other programs that are allowed on this machine or in a private
    network, also without TLS: `crm.internal`, `127.0.0.1:8080`; with commas between."""
    webhook_failure_days: int = Field(7, ge=1, le=30)
    """Days after which a webhook that accepts nothing is turned off; admins get an email."""
    webhook_log_days: int = Field(30, ge=1, le=365)
    """Days for which messages of webhooks are kept, encrypted, and can be sent again."""

    public_count_step: int = Field(1, ge=1, le=1000)
    """Steps in which the public numbers of letters move: with 10, 57 is shown as 50. People who
    watch them learn less about when someone signed."""
    own_words_limit: int = Field(1500, ge=100, le=5000)
    """Characters a supporter may write in own words."""
    confirm_days: int = Field(7, ge=1)
    """Days in which a letter can be confirmed."""
    remind_hours: int = Field(48, ge=1)
    """Hours after which the one reminder to confirm a letter is sent."""
    link_hours: int = Field(24, ge=1)
    """Hours for which the link to all letters of an address works."""
    network_link_days: int = Field(90, ge=30, le=730)
    """Days for which a link to a network member’s own page works; each email has a new one. The
    links to leave always work."""
    sign_ins_per_hour: int = Field(60, ge=1)
    """Tries to sign in from one network (an IPv4 /24, an IPv6 /64) in an hour, over all accounts;
    browsers that have signed in before have their own."""
    links_per_hour: int = Field(20, ge=1)
    """Such links that one network address may ask for in an hour."""
    signings_per_hour: int = Field(60, ge=1)
    """Letters that may be signed from one network address in an hour."""
    proof_of_work: Literal["burst", "always", "never"] = "burst"
    """When a browser computes for a second or two before its letter is accepted: in a burst of
    letters from one network or for one campaign, always, or never."""
    burst_per_network: int = Field(12, ge=0)
    """Letters in an hour from one network address beyond which it does."""
    burst_per_campaign: int = Field(300, ge=1)
    """Unconfirmed letters of one campaign in ten minutes beyond which it does."""
    signings_without_work_per_hour: int = Field(3, ge=0)
    """Letters from one network address that are taken in an hour without it, for browsers that run
    no scripts."""
    trace_days: int = Field(30, ge=1, le=180)
    """Days for which the network address and browser of a signature are kept, encrypted, to find
    false signatures."""
    previews_per_hour: int = Field(60, ge=1)
    """PDF previews for one network address in an hour."""
    live_previews_per_hour: int = Field(3000, ge=1)
    """Live previews (while someone types) for one network address in an hour."""
    second_factor_roles: Annotated[
        list[Literal["organizer", "staff", "admin"]], NoDecode, BeforeValidator(_split)
    ] = []
    """Roles that must sign in with a second factor; with commas between. In production `staff,
    admin` at least."""
    admin_second_factor: Literal["any", "passkey", "hardware_key"] = "any"
    """Which second factor admins need: `any` that their role asks for, a passkey, or a passkey on
    a hardware key. The last two hold whether or not `second_factor_roles` names admins."""
    second_factor_waived: bool = False
    """Whether staff and admins may do without one in production; `campaign doctor` says so."""
    fresh_minutes: int = Field(15, ge=1, le=720)
    """Minutes after which a bulk download of personal data asks again who you are."""
    idle_minutes: int = Field(60, ge=5, le=720)
    """Minutes without activity after which the workspace signs out."""
    exports_need_second_person: bool = False
    """Whether a second person must approve each export of personal data, and each download of files
    with names: bundles, reprints, envelopes, proofs, scans of sheets; each API token that reads
    people; and each connection that gives members to a CRM."""
    export_hours: int = Field(24, ge=1, le=720)
    """Hours for which an export, or files that were approved, can be downloaded."""
    export_request_hours: int = Field(72, ge=1, le=720)
    """Hours in which a second person can approve either."""
    decider_days: int = Field(3, ge=0, le=90)
    """Days for which the account of that second person must have existed. It also needs a second
    factor."""
    volume_letters: int = Field(500, ge=1, le=500)
    """Letters in one printed volume."""
    letter_memory_mb: int = Field(550, ge=200)
    """Memory that laying out letters may take, in megabytes."""
    letter_seconds: int = Field(120, ge=5)
    """Seconds that laying out one group of letters may take."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        given = init_settings().get("instance")
        folder = Path(given or os.environ.get("CAMPAIGN_INSTANCE") or "instance")
        toml = TomlConfigSettingsSource(settings_cls, folder / "settings.toml")
        return init_settings, env_settings, toml

    def model_post_init(self, _context: object, /) -> None:
        unsafe_settings.refuse_unsafe(self)

    @property
    def folder(self) -> Path:
        return self.instance.absolute()

    @property
    def files_folder(self) -> Path:
        return self.folder / (self.files or "files")

    @property
    def scratch_folder(self) -> Path:
        return self.folder / (self.scratch or "scratch")

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Return where files lie, made or in the making, whether or not it is there yet."""
        kept_here = () if "://" in self.files else (self.files_folder,)
        return (*kept_here, self.scratch_folder)

    @property
    def second_factor_roles_suffice(self) -> bool:
        """Return whether all who see personal data need a second factor."""
        return set(self.second_factor_roles) >= unsafe_settings.SECOND_FACTOR_ROLES

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def metrics_folder(self) -> Path:
        return self.folder / "metrics"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    @property
    def imap_mailboxes(self) -> dict[str, tuple[str, str]]:
        """Return address and password by the name of the setting."""
        return {
            "bounce_imap": (self.bounce_imap, self.bounce_imap_password.get_secret_value()),
            "reply_imap": (self.reply_imap, self.reply_imap_password.get_secret_value()),
        }

    @property
    def sqlalchemy_url(self) -> str:
        url = self.database_url or f"sqlite:///{self.folder / 'campaign.sqlite'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)

    @cached_property
    def secret(self) -> str:
        given = self.secret_key.get_secret_value() if self.secret_key else ""
        return given or base64.b64encode(read_key(self.folder / "secret.key")).decode()

    @cached_property
    def data_secrets(self) -> tuple[bytes, ...]:
        """Return the keys (32 bytes each) that seal personal data, the oldest first.

        They are never in the database.
        """
        if self.data_key is not None:
            given = (self.data_key, *self.later_data_keys)
            return tuple(_decode_key(key.get_secret_value()) for key in given)
        if self.later_data_keys:
            raise UnsafeSettings("later_data_keys is set, and data_key is not.")
        return (read_key(self.folder / "data.key"), *map(read_key, self._later_key_files()))

    def key_file(self, version: int) -> Path:
        return self.folder / ("data.key" if version == 1 else f"data-{version}.key")

    def list_key_names(self) -> list[str]:
        """List the files, or settings, in which the keys of personal data are."""
        if self.data_key is not None:
            return ["data_key", "later_data_keys"][: len(self.data_secrets)]
        return [self.key_file(version).name for version in range(1, len(self.data_secrets) + 1)]

    def _later_key_files(self) -> list[Path]:
        paths: list[Path] = []
        while (path := self.key_file(len(paths) + 2)).exists():
            paths.append(path)
        return paths

    def prepare(self) -> None:
        """Make the instance folder and its keys; read them, so that a bad key is found now."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unsafe_settings.refuse_readable_secrets(self.folder / "settings.toml")
        _ = self.secret, self.data_secrets
        unsafe_settings.refuse_weak_keys(self)
        unsafe_settings.refuse_open_folders(self)


def _decode_key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UnsafeSettings("CAMPAIGN_DATA_KEY must be 32 bytes in base64.")
    return key


def load_settings(**overrides: Any) -> Settings:
    """Return the settings as files, environment and `overrides` give them.

    Raises UnsafeSettings with one sentence for the operator where they cannot stand.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as problem:
        first = problem.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        if first["type"] == "extra_forbidden":
            near = get_close_matches(name, Settings.model_fields, 1)
            meant = f" Is it {near[0]}?" if near else ""
            raise UnsafeSettings(f"There is no setting {name}.{meant}") from problem
        raise UnsafeSettings(f"Setting {name}: {first['msg']}.") from problem
    except SettingsError as problem:
        raise UnsafeSettings(f"The environment cannot be read: {problem}.") from problem
    except tomllib.TOMLDecodeError as problem:
        raise UnsafeSettings(f"settings.toml cannot be read: {problem}.") from problem
    settings.prepare()
    return settings


def current_settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def site_url(path: str) -> str:
    """Return an address of this site, as emails hold it: never that of a request's host."""
    return current_settings().base_url.rstrip("/") + path


def home_country() -> str:
    """Return the country from which letters are posted; empty without an application."""
    return current_settings().organisation_country if has_app_context() else ""
