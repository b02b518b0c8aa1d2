"""What goes with other frameworks, a package each. The library imports none of them; their users
do."""
