"""Running programs that know only the service's real host names: their surroundings, and what they called."""
