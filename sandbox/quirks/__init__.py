"""Ways in which Intercom may differ from its own description, each of which can be switched on by its name."""
