"""Renkei: coordination between sovereign headquarters."""
