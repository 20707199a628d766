"""Generated requests against the service on a socket."""
