"""The other partner, the same."""

import runpy

runpy.run_module("sandbox.hospital", run_name="__main__")
