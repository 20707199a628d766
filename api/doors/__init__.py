"""The doors beside GraphQL: what comes in over HTTP, and the stream of changes that goes out."""
