"""The promises, one function each; registry.MODULES has the order in which they are checked."""
