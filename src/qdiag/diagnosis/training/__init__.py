"""The training around the QNodes: what data, losses and optimisers do with results that are right."""
