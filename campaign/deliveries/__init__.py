"""What happens to bundles once they leave the house.

`record_delivery` records a visit (`recording_rules` says what can be), `correct_record` corrects
it, `publish_delivery` makes a post of it. `letters_covered` says which letters an attempt is
about, `event_order` what came first, `stopped_bundles` what is done with paper after a stop.
"""
