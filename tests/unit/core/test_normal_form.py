"""Normal forms: as Unicode has them, and quick whatever anybody sends."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.text.fold import normal_form

FORMS = ("NFC", "NFD", "NFKC", "NFKD")


@given(text=st.text(max_size=30), form=st.sampled_from(FORMS))
def test_usual_texts_have_their_form(text: str, form: str) -> None:
    assert normal_form(form, text) == unicodedata.normalize(form, text)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
def test_a_long_run_of_marks_takes_no_time(form: str) -> None:
    """Python 3.11 and 3.12 sort such a run by insertion: 21 seconds."""
    begun = time.process_time()
    result = normal_form(form, "e" + "\u0301\u0316" * 120_000)  # type: ignore[arg-type]
    assert time.process_time() - begun < 1
    assert result.count("\u0316") == 120_000
    run = longest = 0
    for character in result:
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    assert longest <= 31
