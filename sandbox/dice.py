"""Repeatable chance: the same seed, kind and number always give the same 64 bytes.

A record is never stored; it is built again from its dice each time it is asked for.
"""

from __future__ import annotations

from hashlib import blake2b


def roll(seed: int, kind: str, number: int) -> bytes:
    """64 bytes that depend on nothing but the arguments."""
    return blake2b(f"{seed}|{kind}|{number}".encode(), digest_size=64).digest()


def wide(dice: bytes, at: int) -> int:
    """Four of the bytes as one number, for choices among more than 256."""
    return dice[at] << 24 | dice[at + 1] << 16 | dice[at + 2] << 8 | dice[at + 3]
