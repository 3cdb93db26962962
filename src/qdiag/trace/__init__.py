"""The files of a run: written while a script runs, read by whoever judges it, checked before anything in them is believed."""
