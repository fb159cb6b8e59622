"""A disk that does not take a PDF."""

import resource
from pathlib import Path

import pikepdf
import pytest

from campaign.printing.engine import join_pdf


def test_a_disk_that_is_full_is_an_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        for _page in range(400):
            pdf.add_blank_page()
        join_pdf.save(pdf, tmp_path / "whole.pdf")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
        try:
            with pytest.raises(OSError, match="too large"):
                join_pdf.save(pdf, tmp_path / "cut.pdf")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pikepdf.open(tmp_path / "whole.pdf") as whole:
        assert len(whole.pages) == 400
