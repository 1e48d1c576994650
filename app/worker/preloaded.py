"""What the processes of the worker are forked with: all that judges, imported once."""

from importlib import import_module

for _name in ("app.objects", "app.worker.tasks", "etl.annotated", "etl.bounded", "etl.comparison", "etl.jobs"):
    import_module(_name)
