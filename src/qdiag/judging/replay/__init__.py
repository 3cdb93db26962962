"""Replaying a trace, call by call at the very points that the script visited, to find the first call at which methods part."""
