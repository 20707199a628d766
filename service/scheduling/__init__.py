"""The one scheduler: who leads, what is due, and the tasks that it does."""
