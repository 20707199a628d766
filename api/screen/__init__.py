"""How answers look on a screen and in a plot: tables, sentences, amounts."""
