"""What lies beside the letters, and checking a copy of a bundle.

`make_documents` makes each: cover letter, signature list, labels, contents, delivery sheet,
README, manifest. `bundle_zip` streams the ZIP, `verify` checks one without a database.
"""
