"""The page of the command line, from click's commands."""

from __future__ import annotations

import click

from docs.reference_pages.markdown import code, table, unwrapped
from personalize_assets.cli import main
from personalize_assets.commands.options import common_options

_HEAD = """\
# Command line

Generated from the commands by `make reference`; a test keeps it up to date.

`personalize-assets COMMAND`, or `python -m personalize_assets COMMAND`. Without `--config` a command takes the file
that `PERSONALIZE_CONFIG` names, else `personalize.yaml` in this folder.

"""
_TAIL = """\
## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed; the cause is on stderr |
| 2 | wrong arguments; the text says which are right |
| 3 | done, but Personalize would refuse what is there (`run` with `checks: warn`, and `status`) |
| 130 | stopped by Ctrl-C; what was current before is unchanged |
| 143 | ended by SIGTERM, as a container is stopped; unchanged as after Ctrl-C |

## Output

Results are on stdout, everything else on stderr. Output is styled on a terminal only; `NO_COLOR=1` leaves colours
out. There `generate`, `run`, `import` and `deploy` show a bar with bytes, events/s and time left; in a log they print
a line every 10 s at most.

**Completion** of commands and options, in `~/.bashrc`, `~/.zshrc` or fish's config:

| shell | line |
| --- | --- |
| bash | `eval "$(_PERSONALIZE_ASSETS_COMPLETE=bash_source personalize-assets)"` |
| zsh | `eval "$(_PERSONALIZE_ASSETS_COMPLETE=zsh_source personalize-assets)"` |
| fish | `_PERSONALIZE_ASSETS_COMPLETE=fish_source personalize-assets \\| source` |
"""


def document() -> str:
    """The page as Markdown."""
    context = click.Context(main, info_name="personalize-assets")
    overview = table(
        ("command", "what it does"),
        ((f"[`{name}`](#{name})", _sentence(command)) for name, command in sorted(main.commands.items())),
    )
    common = table(("option", "meaning"), (_option(option, context) for option in [*common_options(), *main.params]))
    parts = ["\n".join(overview), "", *(_command(name, command) for name, command in sorted(main.commands.items()))]
    every = ["## Options of every command", "", *common, "| `-h`, `--help` | Print the options of a command. |", ""]
    return _HEAD + "\n".join([*parts, *every, ""]) + _TAIL


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"personalize-assets {name}")
    context.show_default = True
    lines = [f"## {name}", "", "```", _usage(name, command), "```", "", _help(command), ""]
    options = [option for option in command.params if isinstance(option, click.Option)]
    if options:
        lines += [*table(("option", "meaning"), (_option(option, context) for option in options)), ""]
    return "\n".join(lines)


def _usage(name: str, command: click.Command) -> str:
    """The command with its arguments and the options that it cannot be without."""
    parts = [f"personalize-assets {name}"]
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.required:
            parts.append(f"{parameter.opts[-1]} {parameter.make_metavar(click.Context(command))}")
    parts.append("[OPTIONS]")
    parts += [
        argument.make_metavar(click.Context(command))
        for argument in command.params
        if isinstance(argument, click.Argument)
    ]
    return " ".join(parts)


def _help(command: click.Command) -> str:
    """The command's help, a paragraph a line."""
    return "\n\n".join(unwrapped(part) for part in (command.help or "").split("\n\n"))


def _sentence(command: click.Command) -> str:
    return unwrapped((command.help or "").split("\n\n")[0])


def _option(parameter: click.Parameter, context: click.Context) -> tuple[str, str]:
    record = parameter.get_help_record(context)
    assert record, f"{parameter.name} is hidden"
    names, meaning = record
    names, _, choices = unwrapped(names).partition(" [")
    first = ", ".join(map(code, names.split(", ")))
    if "|" in choices:  # a line can be broken between the names
        return f"{first} {', '.join(map(code, choices.rstrip(']').split('|')))}", unwrapped(meaning)
    return first + (f" `[{choices}`" if choices else ""), unwrapped(meaning)
