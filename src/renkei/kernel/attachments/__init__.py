"""Attachments: contents beside records, each under a key of its own that can be forgotten (ADR 0014)."""

from .scanning import Scanner, Verdict
from .store import CHUNK_BYTES, AttachmentStore, digest_of, name_of

__all__ = ["CHUNK_BYTES", "AttachmentStore", "Scanner", "Verdict", "digest_of", "name_of"]
