"""The same report as text, Markdown, HTML, JSON, an issue, an archive."""
