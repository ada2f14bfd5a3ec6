"""Pretend partners (a hospital and a pharmacy): separate programs that import nothing of gpportal's.

They exist so that a referral can really travel: own process, own port, own store, own keys. Nothing in here is
a real organisation and nothing in here may be used for care.
"""
