"""One module per command of `./gp`."""
