"""`python -m rtcontour` is `rtcontour`."""

from rtcontour.cli import main

if __name__ == "__main__":
    main()
