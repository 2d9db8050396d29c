"""A comparison of this connector with its peers on one sandbox, in one run: ``scripts/bench``."""
