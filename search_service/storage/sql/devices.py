"""Devices in a database."""

from sqlalchemy import or_, select, update

from search_service.domain.supernet import Device
from search_service.errors import NotFound
from search_service.storage.sql import rows, tables
from search_service.storage.sql.engine import Database, insert_new
from search_service.storage.values import by_value

_devices = tables.devices.c


class SqlDevices:
    """See `base.Devices`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, device: Device) -> Device:
        row = rows.row_of(by_value(device))
        named = _devices.name == device.name
        with self._database.writing() as connection:
            if not insert_new(connection, tables.devices, [row]):
                statement = update(tables.devices).where(named)
                connection.execute(statement.values(protocol=row["protocol"]))
            stored = select(tables.devices).where(named)
            return rows.device(connection.execute(stored).mappings().one())

    def get(self, id_or_name: str) -> Device:
        by_id = _devices.id == id_or_name
        statement = select(tables.devices).where(or_(by_id, _devices.name == id_or_name))
        with self._database.reading() as connection:
            row = connection.execute(statement.order_by(by_id.desc())).mappings().first()
        if row is None:
            raise NotFound(f"no device {id_or_name!r}")
        return rows.device(row)

    def all(self) -> list[Device]:
        statement = select(tables.devices).order_by(_devices.name)
        with self._database.reading() as connection:
            return [rows.device(row) for row in connection.execute(statement).mappings()]
