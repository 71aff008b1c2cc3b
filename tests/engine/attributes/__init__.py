"""Each attribute of the Compose language, looked at from inside the container: the tables of cases and their tests."""
