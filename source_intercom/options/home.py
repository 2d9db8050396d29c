"""The addresses of this connector: the only place in the code that has them (pyproject.toml repeats them)."""

HOME = "https://github.com/source-intercom/source-intercom"
ISSUES = f"{HOME}/issues"
DOCUMENTATION = f"{HOME}/blob/main/docs/integrations/sources/intercom.md"

# The end of a message about something that only a new version of the connector can mend.
REPORT = f"Please report this at {ISSUES}."
