"""The other partner, the same."""

from sandbox.hospital import Answer, HTTPServer, sys

if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever()
