"""Releases of PennyLane and of what it stands on: what each needs to install and run, and how a script of today runs on an old one."""
