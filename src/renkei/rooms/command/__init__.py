"""Command: who commands, supports and corresponds to whom, from when and on whose word."""

from .records import KINDS

__all__ = ["KINDS"]
