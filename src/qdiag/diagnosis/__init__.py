"""Why two methods differ: experiments, and the causes that predict them."""
