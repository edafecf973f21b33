"""Mutation testing of the rules and of the client's decisions: mutmut's operators, one forked process per mutant."""
