"""One file a command: each parses, calls the pipeline, prints, and maps errors to exit codes."""


def main() -> None:
    """Run the command line."""
