"""Laws of the client, against a service on a real socket and a real database."""
