"""Import paths of 2.1.x; the code lives in flagship.hits and flagship.context."""
