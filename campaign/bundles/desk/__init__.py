"""The desk's pages of bundles: list, wizard, one bundle, its changes, cover letters, rehearsals."""
