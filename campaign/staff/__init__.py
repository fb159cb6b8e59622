"""People at the desk: sign-in, second factor, roles, guards."""
