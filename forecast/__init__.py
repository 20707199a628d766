"""Columns of observed demand to quantiles of what will be asked for; knows no rule, no plan."""
