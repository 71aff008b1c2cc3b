"""The words both sides use: specs, records, errors, labels and the engine protocols."""
