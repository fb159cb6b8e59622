"""What happens to bundles once they leave the house.

`record_delivery` records a visit (`recording_rules` says what can be), `correct_record` corrects
it, `publish_delivery` makes a post of it. `remaining_letters` says which letters are still here,
`carried_paper` which print was carried, `paper_notes` what is noted of that, `gone_lists` whose
names went out with it, `attempt_order` what came first, `letter_outcomes` how a letter fared,
`visits` how bundles did, `stopped_bundles` what is done with paper after a stop. `deleted_news` is
about emails that told of a record that was deleted.
"""
