"""What the renderer may read: our own files, by name, and nothing else."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from campaign.core import asset_paths

SCHEME = "letters"
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*\.(ttf|css|svg|png)")
_TYPES = {"ttf": "font/ttf", "css": "text/css", "svg": "image/svg+xml", "png": "image/png"}


class LettersFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Serves `letters:fonts/x.ttf` from the folder `letters/`; refuses every other address.

    WeasyPrint swallows ordinary errors of a fetcher and prints without the resource. A refusal
    here is a `FatalURLFetchingError`, which it lets through, so that the letter fails instead.
    """

    def __init__(self, folder: Path | None = None) -> None:
        # The parent's handlers for file:, http: and data: are not wanted, so it isn't called.
        self._folder = (folder or asset_paths.folder("letters")).resolve()

    def fetch(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
    ) -> URLFetcherResponse:
        """The file that `url` names.

        :raises FatalURLFetchingError: for any address but that of a file of ours.
        """
        scheme, _, name = url.partition(":")
        match = _NAME.fullmatch(name)
        if scheme != SCHEME or match is None or unquote(name) != name:
            raise FatalURLFetchingError(f"refused address: {url[:200]!r}")
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            raise FatalURLFetchingError(f"no such file: {url[:200]!r}")
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": _TYPES[match[1]]})

    def open(self, url: object, *_: object, **__: object) -> URLFetcherResponse:
        """The same as `fetch`; the parent would let a request object through."""
        return self.fetch(str(url))
