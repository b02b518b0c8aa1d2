"""Help for the tests of those who use or extend the SDK; nothing of the library needs it."""
