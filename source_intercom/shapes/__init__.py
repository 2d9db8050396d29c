"""How streams of a kind are read: list, walked list, search, nested, child. No thread, lock or queue in here."""
