"""How streams of a kind are read: list, search, nested, child, export. No thread, lock or queue in here."""
