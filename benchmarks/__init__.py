"""How fast and how small this project is, beside what one would write without it. `make bench` runs all of it."""
