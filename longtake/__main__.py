"""`python -m longtake` is the `longtake` command."""

from longtake.cli import main

if __name__ == "__main__":
    main()
