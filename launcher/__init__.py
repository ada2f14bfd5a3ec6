"""The launcher behind `./gp`: standard library only, any Python from 3.11, Linux and macOS.

It sets up packages, PostgreSQL and Valkey without a server, Docker or root, starts what belongs together and takes all
of it down again, whatever happens to itself. It imports nothing of the application.
"""
