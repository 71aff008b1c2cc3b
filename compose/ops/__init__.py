"""One flow for each verb: takes a project and an engine, returns records. Prints nothing, parses no flags."""
