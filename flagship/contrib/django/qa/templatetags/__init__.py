"""The tags of the QA panel."""
