"""What to do: typed steps, each with its cause, and the pure functions that find them."""
