"""One module per API as Microsoft named it: parse, call the core, render."""
