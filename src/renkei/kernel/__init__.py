"""The kernel: identity, labels, records, logs, partners, views.  It knows no room and no edge."""
