"""The public pages; `before_request` holds for those of signing, too."""
