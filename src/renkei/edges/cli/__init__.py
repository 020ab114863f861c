"""The command line: one node from the inside (its files) and from the outside (its API), and the demo.

``app`` has the tree of commands and what is common to all; every command's module is imported only when
it is called.  The command line is the one edge that composes the others.
"""

from .app import main

__all__ = ["main"]
