"""The command line: flags, verbs, exit codes. Decides nothing about containers."""
