"""What goes to, and comes from, the organization's other programs: above all its CRM.

`read_contacts` reads a table of addresses, `contact_imports` checks it and takes it in: members
with proof of their consent, or addresses to which we never write. Files that go out are made by
`exports` (`consent_list`). `connections` are those to Action Network and CiviCRM, `programs` how
each is spoken to, `push` the job that tells them of members.
"""
