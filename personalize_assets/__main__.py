"""``python -m personalize_assets``: the command ``personalize-assets``."""

from personalize_assets.cli import program

if __name__ == "__main__":
    program()
