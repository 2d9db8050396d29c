"""All that knows time and state; nothing here knows HTTP."""
