"""Confidentiality: labels and clearances, the policies that give them meaning, and release.

``model`` has the values, ``terms`` what a policy says, ``spif`` its file, ``rules`` the pure decisions,
``policy`` the book that remembers them, ``marking`` the texts, ``release`` what may leave.
"""
