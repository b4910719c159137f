"""The subcommands of `reprise`: each module declares some, does their work and prints through `output`."""
