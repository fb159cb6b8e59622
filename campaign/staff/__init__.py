"""People at the desk: sign-in, second factor, roles.

`desk_access` says who may come to a blueprint's pages, `reauthentication` asks again who somebody
is, `require_audit` sees to it that every change leaves an entry, `gone_things` answers forms about
what a colleague has deleted.
"""
