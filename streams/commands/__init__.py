"""The commands: thin; each calls the module that does the work."""
