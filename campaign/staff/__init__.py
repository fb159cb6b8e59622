"""Staff users: roles, sign-in, guards of the desk."""
