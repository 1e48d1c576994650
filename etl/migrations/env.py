"""What Alembic runs: the migrations, on the connection that `etl.records.engine` hands over."""

from alembic import context

from etl.records.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
    user_module_prefix="types.",
)
context.run_migrations()
