"""What people decide about rules and plans: releases, canaries, approvals, stops, autonomy."""
