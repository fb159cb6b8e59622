"""What goes to, and comes from, the organization's other programs: above all its CRM.

`read_contacts` reads a table of addresses, `contact_imports` checks it and takes it in: members
with proof of their consent, or addresses to which we never write. Files that go out are made by
`exports` (`consent_list`).
"""
