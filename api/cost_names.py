"""What the parts of an expected cost are called, in every table and every plot."""

HOLDING = "holding"
SHORTAGE = "shortage"
MOVEMENTS = "movements, all days"
LINE_COST = "fixed costs of lines"
PREMIUM = "purchase premium"
FAR_DAYS = "far days"
WASTE = "lots that expire"
