"""What must hold when processes die, answers get lost and senders race."""
