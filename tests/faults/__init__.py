"""Proof under fire: what is sent arrives once, whatever is killed, cut or lost on the way (`./gp test faults`)."""
