"""What people do with container clients, done once with each of two OCI runtimes; see dev/compare-clients."""
