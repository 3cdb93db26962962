"""From a finding to its minimal circuit, and to the script that shows it."""
