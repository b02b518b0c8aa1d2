"""What the demo's experiments have shown, and shoppers who are made up."""
