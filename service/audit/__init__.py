"""What an auditor asks: a decision made again, a wrong fact recalled, provenance to take away."""
