"""What tests are made in: circuits, calls and divergences made to order, and evaluators that follow a script."""
