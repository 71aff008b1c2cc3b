"""Container networks: bridges, addresses, names, isolation and published ports."""
