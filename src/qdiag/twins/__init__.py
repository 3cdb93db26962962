"""Second trainings and how two traces part: the runs, the series they give, growth, verdict."""
