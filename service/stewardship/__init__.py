"""What people do about data: rows set aside, identities, ages, two sources of one stock."""
