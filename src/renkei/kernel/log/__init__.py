"""Append-only logs under Merkle trees; ``base`` tells what one is."""
