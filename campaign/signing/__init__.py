"""Write a letter, sign it, confirm it by the link in an email.

`validate` judges what is typed, `sign` takes a signature, `confirm_letter` confirms it,
`reminders` reminds once and ends the waiting. `states` has the moves of a signature's state,
`campaign_terms` what a campaign lets one sign, `signatures_per_mailbox` how many people share a
mailbox. `signed_links` makes links and receipts.
"""
