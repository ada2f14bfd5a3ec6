"""A partner that only says which secrets it can see in its environment."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRETS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "GP_SECRET_KEY", "GP_SECRET_BOX_KEYS")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(" ".join(name for name in SECRETS if name in os.environ).encode())


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever()
