"""What the documents ask, as typed methods: written by `python -m evenkeel_client.generating`."""
