"""The desk's pages on other programs: the suppression list, files of addresses."""
