"""What a notebook, a script or a worker uses: the cockpit without its panel."""
