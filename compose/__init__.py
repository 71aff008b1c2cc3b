"""What should be: the Compose language, the planner and the commands."""
