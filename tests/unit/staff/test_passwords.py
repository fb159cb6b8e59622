"""What a password must be."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_security import Security
from hypothesis import given
from hypothesis import strategies as st

from campaign.staff.pages.security_setup import StaffDatastore
from campaign.staff.passwords import MAXIMUM, MINIMUM, SETTINGS, find_password_problem

ABOUT = ("noor.haddad@example.org", "Noor Haddad")


@pytest.fixture(autouse=True, scope="module")
def _rules() -> Iterator[None]:
    """Flask-Security's checker reads how strict it is from the application."""
    app = Flask(__name__)
    app.config.update(SETTINGS, SECRET_KEY="-", SECURITY_PASSWORD_SALT="-")
    Security(app, StaffDatastore(), register_blueprint=False)
    with app.app_context():
        yield


@pytest.mark.parametrize(
    "password",
    [
        "violet-harbour-tin-orchard",
        "four grey hens by the canal",
        "la lluvia canta en el tejado",
        "9x!Kd7#pQm2w",
        "письмо лежит на столе у окна",
        "noor buys seven quiet lanterns",
    ],
)
def test_words_that_do_not_belong_together_are_taken(password: str) -> None:
    assert find_password_problem(password, ABOUT) is None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short one", "password-short"),
        ("a" * 5 + "bcdefgh" * 20, "password-long"),
        ("aaaaaaaaaaaaaa", "password-repeats"),
        ("abcabcabcabcabc", "password-repeats"),
        ("passwordpassword", "password-repeats"),
        ("\u0301" * 12, "password-repeats"),
        ("\u200b" * 14, "password-repeats"),
        ("P@ssw0rd2026!!", "password-common"),
        ("Password123456", "password-common"),
        ("123456789012", "password-common"),
        ("qwertyuiop123", "password-common"),
        ("1qaz2wsx3edc4rfv", "password-common"),
        ("letmeinplease1", "password-common"),
        ("Contraseña2026", "password-common"),
        ("bienvenue2026!", "password-common"),
        ("motdepasse2026", "password-common"),
        ("Winterwinter2026", "password-repeats"),
        ("amnesty-campaign", "password-common"),
        ("correct horse battery staple", "password-common"),
        ("urgentactionletters", "password-common"),
        ("noorhaddad2026", "password-personal"),
        ("Noor.Haddad-example", "password-personal"),
    ],
)
def test_what_is_tried_first_is_refused(password: str, problem: str) -> None:
    assert find_password_problem(password, ABOUT) == problem


def test_the_longest_is_judged_by_its_beginning() -> None:
    assert find_password_problem("a" * 40 + "violet-harbour-tin-orchard") == "password-repeats"
    assert find_password_problem("violet-harbour-tin-orchard-letters-boats" + "a" * 80) is None
    # Each is eighteen in plain letters: 2304 in all.
    assert find_password_problem("ﷺ" * MAXIMUM) is None


@given(st.text(max_size=MINIMUM - 1))
def test_nothing_short_is_taken(password: str) -> None:
    assert find_password_problem(password, ABOUT) == "password-short"


@given(st.text(min_size=MINIMUM, max_size=MAXIMUM + 40), st.text(max_size=30))
def test_any_text_gets_an_answer(password: str, about: str) -> None:
    known = {None, "password-long", "password-repeats", "password-common", "password-personal"}
    assert find_password_problem(password, (about,)) in known
