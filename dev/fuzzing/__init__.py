"""The grammar fuzzer of config.json; see dev/fuzz-config."""
