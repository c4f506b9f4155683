"""Which batch size is fastest: a sweep over one parameter of a cut, and what it recommends."""
