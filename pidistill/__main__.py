"""`python -m pidistill` is the `pidistill` command."""

from pidistill.cli.main import main

main()
