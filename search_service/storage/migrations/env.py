"""What alembic runs: on the connection and in the transaction that `schema` hands in."""

from alembic import context

from search_service.storage.schema import VERSION_TABLE
from search_service.storage.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
