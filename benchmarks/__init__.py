"""Time and memory of this project, compared with what one would write without it. `make bench` runs everything."""
