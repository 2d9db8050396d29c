"""``scripts/release``: the files of this repository that tell a version, and what changed in it."""
