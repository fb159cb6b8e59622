"""The desk's pages of sheets, their rows, their scans and files of signatures."""
