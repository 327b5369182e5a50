"""The health check of a container: `python -m service.alive` ends with 0 when the service here answers."""

import http.client
import os
import sys

SECONDS = 4.0


def main() -> int:
    """Ask the service on this machine whether it lives."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("CAMBRIAN_PORT") or 8642), timeout=SECONDS)
    try:
        connection.request("GET", "/healthz")
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
