"""Orders of battle as files: CSV, XLSX, ORBAT Mapper scenarios and MSDL, in and out.

Reading is streaming and typed: bytes to rows or units with their places, then by ``rooms.command.exchange``
to facts.  What a file holds and a structure has no place for is listed, and so is the reverse; weapons and
equipment are passed over on purpose (Renkei has none) and listed too.
"""
