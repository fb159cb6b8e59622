"""Files of officials and missions: read, matched, planned, applied, undone.

In order: `uploads` keeps the file, `read_list` says what it is and makes it a table,
`guess_columns` says what each column means, `row_parts` reads what a row has; `read_missions` and
`read_officials` make records of rows (`read_rows`), or say what is wrong about one
(`row_problems`). Then `match_entries`, `plan`, `apply_import`; `jobs` runs the dry run and the
import. `people_list` opens lists of people for packages above.
"""
