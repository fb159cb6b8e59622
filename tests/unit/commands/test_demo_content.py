"""The demo's cases: pictures that are described, and dates and sums that the source gives."""

import io

import pytest
from PIL import Image

from campaign.campaigns.content.pictures import LEAST_WIDTH
from campaign.demo.load_demo import CASES, content, drawing

LANGUAGES = {"en", "fr", "es", "ar"}


@pytest.mark.parametrize("slug", CASES)
def test_each_case_has_a_drawing_described_in_each_language(slug: str) -> None:
    case = content(slug)
    with Image.open(io.BytesIO(drawing(slug))) as picture:
        assert picture.width >= LEAST_WIDTH
    assert set(case["picture"]) == LANGUAGES == set(case["editions"])
    assert all(case["picture"].values())


def test_what_the_demo_adds_to_a_case_is_said_to_be_the_demo_s() -> None:
    for slug in CASES:
        assert "this demo" in content(slug)["editions"]["en"]["background"], slug


def test_the_messages_of_2018_were_for_other_victims_as_well() -> None:
    case = content("ayotzinapa")
    told = [case["editions"]["en"]["outcome"], case["deliveries"][0]["notes"]["en"]]
    told += [case["editions"]["en"][name] for name in ("summary", "background")]
    told.append(case["updates"][0]["en"]["body"])
    assert all("other victims" in text for text in told)


def test_the_dead_are_written_about() -> None:
    assert [slug for slug in CASES if content(slug)["person"].get("died")] == [
        "coloradas-de-la-virgen"
    ]
