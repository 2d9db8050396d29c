"""The three files that a command is given: config, catalog and state. Each is judged before anything else happens."""
