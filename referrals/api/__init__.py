"""What partners may read of requests: only those that they sent to us, or we to them."""
