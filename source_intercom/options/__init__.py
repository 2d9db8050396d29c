"""The options: each once, with title, description and bounds."""
