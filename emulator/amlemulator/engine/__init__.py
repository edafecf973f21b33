"""Where the core's rules meet the ports: lookups, scoring, batch jobs, models, deployment."""
