"""Files of officials and missions: read, matched, planned, applied, undone.

In order: `uploads` keeps the file and `file_types` says what it is; `read_workbook` and `tables`
make it a table (columns and cells); `columns` says what each column means; `row_parts` reads what
a row of either list has (country, address, contacts, days); `read_missions`,
`read_official_tables` (tables) and `read_officials` (Popolo) make records of rows, and
`read_rows` defines these: a record, or a row with what is wrong. Then `match_entries`, `plan`
(missions, and what both share), `official_plan`, `apply_import`, `undo`; `jobs` runs the dry run
and the import.
"""
