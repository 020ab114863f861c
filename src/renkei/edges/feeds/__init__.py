"""Feeds: what authorities publish, read through one codec per format."""
