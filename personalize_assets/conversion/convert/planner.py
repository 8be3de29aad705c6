"""Cuts raw files into tasks of even size, has them run, and merges their reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from personalize_assets.conversion.convert.task import run_task
from personalize_assets.conversion.mapping.hashing import with_key
from personalize_assets.conversion.mapping.masking import masked_columns, masked_profile
from personalize_assets.conversion.reading.compression import GZIP, NOT_PACKED
from personalize_assets.conversion.reading.formats.rows import ROW_GROUPS
from personalize_assets.conversion.reading.formats.settings import AUTO, JSON, SourceFormat
from personalize_assets.conversion.spec import (
    ConvertReport,
    ConvertSpec,
    DayReport,
    Plan,
    RawFile,
    RawFileSet,
    Task,
    TaskReport,
)
from personalize_assets.conversion.spread import Spread

# Tasks per core: enough that a core which finishes early finds more to do, few enough that their start costs little.
_TASKS_PER_CORE = 4
_SMALLEST_TASK_BYTES = 8 * 1024 * 1024
_MAX_GZIP_SPLITS = 4


def convert(spec: ConvertSpec, cores: int, spread: Spread) -> ConvertReport:
    """Read all files of a spec and write their daily files; ``cores`` is how many tasks run at once.

    Raises ``UnreadableFile``.
    """
    # The key is added here, where the job runs: specs are stored and sent, the key must not be.
    sources = [msgspec.structs.replace(source, datasets=with_key(source.datasets)) for source in spec.sources]
    return _masked(merge_reports(run_tasks(sources, spec.plan, cores, spread)), spec)


def run_tasks(sources: Sequence[RawFileSet], plan: Plan, cores: int, spread: Spread) -> list[TaskReport]:
    """Read all files; one report per task. A file of which a split ended inside a value is read again as a whole."""
    run = partial(run_task, plan=plan)
    tasks = plan_tasks(sources, cores)
    reports = spread(run, tasks, _bytes_of(tasks))
    cut = {uri for report in reports for uri in report.cut}
    if not cut:
        return reports
    void = {task.number for task in tasks if task.source.files[0].uri in cut}  # a split is a task of its own
    again = [
        Task(
            len(tasks) + number, msgspec.structs.replace(task.source, files=(msgspec.structs.replace(file, shares=1),))
        )
        for number, task in enumerate(tasks)
        for file in task.source.files
        if file.uri in cut and file.share == 0
    ]
    return [report for report in reports if report.task not in void] + spread(run, again, _bytes_of(again))


def _bytes_of(tasks: Sequence[Task]) -> int:
    return sum(task.bytes for task in tasks)


def plan_tasks(sources: Sequence[RawFileSet], cores: int) -> list[Task]:
    """Cut files, ordered by day, into tasks of even size; a file much larger than that is cut into splits.

    The largest task comes first, so that none starts when the other cores are about to finish.
    """
    total = sum(file.bytes for source in sources for file in source.files)
    target = max(total // (cores * _TASKS_PER_CORE), _SMALLEST_TASK_BYTES)
    found: list[tuple[int, RawFileSet, list[RawFile]]] = []
    for source in sources:
        whole = []
        for file in sorted(source.files, key=lambda file: (file.day, file.uri)):
            splits = _count_splits(file, source.format, target, cores)
            if splits == 1:
                whole.append(file)
                continue
            cut = [msgspec.structs.replace(file, share=number, shares=splits) for number in range(splits)]
            found += [(file.bytes // splits, source, [split]) for split in cut]
        found += [(size, source, files) for size, files in _even_groups(whole, target)]
    found.sort(key=lambda task: -task[0])
    return [
        Task(number, msgspec.structs.replace(source, files=tuple(files)))
        for number, (_, source, files) in enumerate(found)
    ]


def merge_reports(reports: Iterable[TaskReport]) -> ConvertReport:
    """Sum the reports of tasks by day, source and dataset."""
    days: dict[str, DayReport] = {}
    for report in reports:
        for day, part in report.days.items():
            of_task = DayReport(sources={report.source: part.source}, datasets=part.datasets)
            days[day] = days.get(day, DayReport()) + of_task
    return ConvertReport(days=days)


def _masked(report: ConvertReport, spec: ConvertSpec) -> ConvertReport:
    hidden = {
        dataset.name: masked_columns(dataset, spec.plan.mask) for source in spec.sources for dataset in source.datasets
    }

    def masked(day: DayReport) -> DayReport:
        datasets = {}
        for name, counts in day.datasets.items():
            profile = masked_profile(counts.profile, hidden[name]) if counts.profile else None
            datasets[name] = msgspec.structs.replace(counts, profile=profile)
        return msgspec.structs.replace(day, datasets=datasets)

    return msgspec.structs.replace(report, days={day: masked(of_day) for day, of_day in report.days.items()})


def _even_groups(files: Sequence[RawFile], target: int) -> Iterator[tuple[int, list[RawFile]]]:
    """Yield groups of neighbouring files of about ``target`` bytes, none much smaller, and the bytes of each."""
    total = sum(file.bytes for file in files)
    count = max(round(total / target), 1)
    groups: dict[int, list[RawFile]] = {}
    before = 0
    for file in files:
        middle = before + file.bytes / 2
        # Empty files at the end have their middle after the last group, and belong to it.
        groups.setdefault(min(int(middle * count / (total or 1)), count - 1), []).append(file)
        before += file.bytes
    for group in groups.values():
        yield sum(file.bytes for file in group), group


def _count_splits(file: RawFile, format: SourceFormat, target: int, cores: int) -> int:
    if file.framing == ROW_GROUPS:
        return max(1, round(file.bytes / target))
    if file.framing != "lines" or format.name not in (AUTO, JSON):
        return 1  # only a line shows where an event may begin
    most = _most_splits(file, cores)
    return max(1, min(round(file.bytes / target), most))


def _most_splits(file: RawFile, cores: int) -> int:
    if file.compression == NOT_PACKED:
        return file.bytes
    # Each split of a gzip file unpacks everything before it, which costs a tenth of reading it.
    return min(cores, _MAX_GZIP_SPLITS) if file.compression == GZIP else 1
