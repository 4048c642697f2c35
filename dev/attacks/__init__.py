"""Attacks on OCI runtimes; see dev/attack."""
