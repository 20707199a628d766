"""One function for each thing a user can ask: permit, load, decide, save."""

VERSION = "0.1.0"
