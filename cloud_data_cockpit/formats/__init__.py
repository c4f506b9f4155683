"""One module a format; `base` holds what all of them promise."""
