"""Who may change what is in force: releases, approvals, autonomy. Pure: no clock, no log."""
