"""What other programs read. `action_json` says what of an action, `views` under which addresses."""
