"""System calls and kernel file interfaces, one facility a file, without policy."""
