"""Settings: sources, keys, and the mixes that must not start."""

import base64
import hashlib
import os
import stat
from pathlib import Path

import pytest

import campaign
from campaign.core.colours import contrast
from campaign.core.errors import UnsafeSettings
from campaign.core.keyfiles import is_weak
from campaign.core.settings import load_settings
from campaign.storage.places import LocalPlace

PRODUCTION = {
    "mode": "production",
    "base_url": "https://letters.example.org",
    "mail_transport": "smtp",
    "smtp_host": "mail.example.org",
    "second_factor_roles": ["staff", "admin"],
}
RANDOM = base64.b64encode(hashlib.sha256(b"drawn by lot").digest()).decode()


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text(
        'organisation_name = "From the file"\nweb_threads = 3\n'
    )
    monkeypatch.setenv("CAMPAIGN_ORGANISATION_NAME", "From the environment")
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(tmp_path))
    settings = load_settings()
    assert settings.organisation_name == "From the environment"
    assert settings.web_threads == 3
    assert settings.worker_threads == 2


def test_languages_are_given_with_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_LOCALES", "fr, en")
    assert load_settings(instance=tmp_path).locales == ["fr", "en"]


def test_the_first_start_makes_keys_that_only_the_owner_reads(tmp_path: Path) -> None:
    first = load_settings(instance=tmp_path)
    again = load_settings(instance=tmp_path)
    assert first.secret == again.secret
    assert len(again.data_secrets[0]) == 32
    for name in ("secret.key", "data.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    load_settings(instance=tmp_path)
    (tmp_path / "data.key").chmod(0o644)
    with pytest.raises(UnsafeSettings, match="can be read by others"):
        load_settings(instance=tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        'smtp_password = "planted"',
        f'data_key = "{base64.b64encode(bytes(range(32))).decode()}"',
        'secret_key = "0123456789abcdefghijklmnopqrstuv"',
    ],
)
def test_settings_with_a_secret_that_others_can_read_are_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"{line}\n")
    file.chmod(0o640)
    with pytest.raises(UnsafeSettings, match=r"chmod 600 .*settings\.toml\. It holds") as refusal:
        load_settings(instance=tmp_path)
    assert "planted" not in str(refusal.value)
    file.chmod(0o600)
    assert load_settings(instance=tmp_path)
    file.write_text('organisation_name = "Letters"\n')
    file.chmod(0o644)
    assert load_settings(instance=tmp_path)


def test_a_file_that_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("organisation_name = Letters\n")
    with pytest.raises(UnsafeSettings, match=r"settings.toml cannot be read: .*line 1"):
        load_settings(instance=tmp_path)


def test_an_unknown_setting_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("organization_name = 'misspelt'\n")
    with pytest.raises(
        UnsafeSettings, match=r"no setting organization_name\. Is it organisation_name\?"
    ):
        load_settings(instance=tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"base_url": "http://letters.example.org"}, "base_url must start with https"),
        ({"mail_transport": "files"}, "mail_transport must be smtp"),
        ({"smtp_security": "none"}, "smtp_security must be"),
        ({"secret_key": "change-me"}, "too short or too plain"),
        ({"secret_key": "a" * 40}, "too short or too plain"),
        ({"accent": "#ffee00"}, "accent is too light"),
        ({"accent": "red;}"}, "must be colours"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"base_url": "ftp://letters.example.org"}, "http or https"),
        ({"volume_letters": 0}, "volume_letters"),
    ],
)
def test_an_unsafe_mix_refuses_to_start_with_a_sentence(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UnsafeSettings, match=sentence):
        load_settings(instance=tmp_path, **{**PRODUCTION, **change})


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"\xa7" * 32,
        b"\1\2\3\4" * 8,
        bytes(range(32)),
        b"correct horse battery staple 42!",
    ],
    ids=["zeros", "one byte", "four bytes", "counted", "typed"],
)
def test_a_data_key_that_is_not_random_is_refused_given_or_in_its_file(
    tmp_path: Path, key: bytes
) -> None:
    with pytest.raises(UnsafeSettings, match="too plain to be random"):
        load_settings(instance=tmp_path, **PRODUCTION, data_key=_encode(key))
    (tmp_path / "data.key").write_text(_encode(key))
    (tmp_path / "data.key").chmod(0o600)
    with pytest.raises(UnsafeSettings, match="too plain to be random"):
        load_settings(instance=tmp_path, **PRODUCTION)


def test_a_drawn_key_is_never_taken_for_a_plain_one() -> None:
    drawn = (hashlib.sha256(number.to_bytes(4)).digest() for number in range(20_000))
    assert not any(is_weak(key) for key in drawn)


def test_one_key_for_sessions_and_for_personal_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeSettings, match="are the same"):
        load_settings(instance=tmp_path, **PRODUCTION, data_key=RANDOM, secret_key=RANDOM)


_PG_VARIABLES = ("PGSSLMODE", "PGHOST", "PGHOSTADDR", "PGSERVICE")
_REMOTE = "postgresql://campaign:secret@db.example.org/campaign"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        (_REMOTE, False),
        (f"{_REMOTE}?sslmode=prefer", False),
        (f"{_REMOTE}?sslmode=disable", False),
        (f"{_REMOTE}?sslmode=require", True),
        (f"{_REMOTE}?sslmode=verify-full&sslrootcert=system", True),
        ("postgres://10.0.0.7:5432/campaign", False),
        ("postgresql://localhost/campaign", True),
        ("postgresql://campaign@127.0.0.1:5433/campaign", True),
        ("postgresql://[::1]:5433/campaign", True),
        ("postgresql:///campaign?host=/run/postgresql", True),
        ("postgresql://localhost/campaign?host=db.example.org", False),
        ("postgresql://localhost:5432,db.example.org:5432/campaign", False),
        ("postgresql:///?service=letters", False),
    ],
)
@pytest.mark.parametrize("name", ["database_url", "jobs_url"])
def test_a_database_on_another_machine_needs_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, url: str, safe: bool
) -> None:
    for variable in _PG_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    if safe:
        assert load_settings(instance=tmp_path, **PRODUCTION, **{name: url})
        return
    with pytest.raises(UnsafeSettings, match=f"{name} needs sslmode") as refusal:
        load_settings(instance=tmp_path, **PRODUCTION, **{name: url})
    assert "secret" not in str(refusal.value)
    assert load_settings(instance=tmp_path, **{name: url}), "in development it may"


@pytest.mark.parametrize("variable", ["PGHOST", "PGHOSTADDR", "PGSERVICE"])
def test_an_environment_that_leads_the_database_elsewhere_needs_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for other in _PG_VARIABLES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, "203.0.113.7")
    with pytest.raises(UnsafeSettings, match="database_url needs sslmode"):
        load_settings(instance=tmp_path, **PRODUCTION, database_url="postgresql:///campaign")
    monkeypatch.setenv("PGSSLMODE", "require")
    assert load_settings(instance=tmp_path, **PRODUCTION, database_url="postgresql:///campaign")


def test_redis_on_another_machine_needs_tls(tmp_path: Path) -> None:
    for safe in ("rediss://queue.example.org/0", "redis://127.0.0.1:6379/0", "redis:///0"):
        assert load_settings(instance=tmp_path, **PRODUCTION, jobs_url=safe)
    with pytest.raises(UnsafeSettings, match="must start with rediss"):
        load_settings(instance=tmp_path, **PRODUCTION, jobs_url="redis://:pw@queue.example.org/0")


@pytest.mark.parametrize("endpoint", ["http://files.example.org", "HTTP://10.0.0.7", "http:///"])
def test_files_on_another_machine_need_tls(tmp_path: Path, endpoint: str) -> None:
    for safe in ("https://files.example.org", "http://127.0.0.1:9000"):
        assert load_settings(instance=tmp_path, **PRODUCTION, s3_endpoint=safe)
    with pytest.raises(UnsafeSettings, match="s3_endpoint must start with https"):
        load_settings(instance=tmp_path, **PRODUCTION, s3_endpoint=endpoint)


@pytest.mark.parametrize("folder", ["", "files", "scratch", "elsewhere"])
def test_a_folder_that_others_can_look_into_is_refused(tmp_path: Path, folder: str) -> None:
    settings = PRODUCTION | ({"files": "elsewhere"} if folder == "elsewhere" else {})
    opened = tmp_path / folder
    opened.mkdir(exist_ok=True)
    for mode in (0o755, 0o710, 0o701):
        opened.chmod(mode)
        with pytest.raises(UnsafeSettings, match=f"chmod 700 {opened}"):
            load_settings(instance=tmp_path, **settings)
    opened.chmod(0o700)
    assert load_settings(instance=tmp_path, **settings)


def test_the_folder_of_files_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    place = LocalPlace(tmp_path / "files")
    before = os.umask(0o022)
    try:
        with place.taking("ab/cd/name") as draft:
            draft.write_bytes(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700


@pytest.mark.parametrize("roles", [[], ["admin"], ["staff"], ["organizer", "admin"]])
def test_production_without_second_factors_is_refused_unless_waived(
    tmp_path: Path, roles: list[str]
) -> None:
    settings = PRODUCTION | {"second_factor_roles": roles}
    with pytest.raises(UnsafeSettings, match="second_factor_waived = true"):
        load_settings(instance=tmp_path, **settings)
    assert load_settings(instance=tmp_path, **settings, second_factor_waived=True)


def test_development_on_a_public_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafeSettings, match="set mode to production"):
        load_settings(instance=tmp_path, base_url="http://192.0.2.7:5000")


def test_a_safe_production_mix_starts(tmp_path: Path) -> None:
    assert load_settings(instance=tmp_path, **PRODUCTION).secure


def test_a_data_key_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    short = base64.b64encode(b"too short").decode()
    with pytest.raises(UnsafeSettings, match="32 bytes"):
        load_settings(instance=tmp_path, data_key=short)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_what_runs_asks_for_its_settings_in_one_place() -> None:
    """A private helper for it stood in 23 modules once."""
    house = Path(campaign.__file__).parent
    asking = {
        path.relative_to(house).as_posix()
        for path in house.rglob("*.py")
        if 'current_app.extensions["settings"]' in path.read_text()
    }
    assert asking == {"core/settings.py"}
