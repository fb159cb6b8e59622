"""Which letters go into a bundle, and what is kept as it was then.

`eligible` is what could travel, `choices` what staff chose of it, `select_letters` takes and
numbers letters, `freeze_bundle` does all in one transaction. `frozen_texts` is the record that a
bundle keeps, `bundle_facts` gathers it. What its letters say of it is in
`signing.letter.letter_facts`.
"""
