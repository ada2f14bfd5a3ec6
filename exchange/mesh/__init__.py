"""MESH, the NHS's post office: our mailboxes, what is handed over there, and what is fetched from it.

Source: MESH API (openapi of the Message Exchange for Social Care and Health). A sender hands a message over and does
not learn whether anybody came for it; the receiver polls, and what it does not acknowledge within five days goes back.
"""
