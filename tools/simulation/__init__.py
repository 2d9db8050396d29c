"""Syncs of random workspaces under random trouble, held against what the workspaces really contain."""
