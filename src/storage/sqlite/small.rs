//! Cursors, leases, devices and the probe.

use callboard_actors::ports::{DeviceRow, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

use super::codec::rfc3339;
use super::tx::{EPOCH, Outcome, Tx};

/// Returns where a connector stopped reading.
pub(super) fn cursor(conn: &Connection, name: &str) -> Outcome<Option<String>> {
    Ok(conn.prepare_cached("SELECT value FROM cursors WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()?)
}

/// Records where a connector stopped reading.
pub(super) fn set_cursor(tx: &mut Tx<'_>, name: &str, value: &str) -> Outcome<()> {
    tx.sql("INSERT INTO cursors (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value")?
        .execute(params![name, value])?;
    Ok(())
}

/// Claims or renews a lease; answers with its epoch, which grows each time the lease changes hands.
pub(super) fn claim(tx: &mut Tx<'_>, name: &str, holder: &str, until_ms: i64) -> Outcome<u64> {
    let held = tx
        .sql("SELECT holder, epoch, until_ms FROM leases WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
        .optional()?;
    let epoch = match held {
        None => EPOCH,
        Some((by, epoch, _)) if by == holder => epoch,
        Some((_, epoch, until)) if until <= tx.now_ms => epoch + 1,
        Some((by, _, until)) => {
            let what = format!("lease {name} is held by {by} until {}", rfc3339(until));
            return Err(StoreError::Missing { what }.into());
        }
    };
    tx.sql(
        "INSERT INTO leases (name, holder, epoch, until_ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name)
         DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch, until_ms = excluded.until_ms",
    )?
    .execute(params![name, holder, epoch, until_ms])?;
    Ok(epoch.unsigned_abs())
}

/// Returns every paired device.
pub(super) fn devices(conn: &Connection) -> Outcome<Vec<DeviceRow>> {
    let devices = conn
        .prepare_cached("SELECT id, body FROM devices ORDER BY id")?
        .query_map([], |row| Ok(DeviceRow { id: row.get(0)?, body: row.get(1)? }))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(devices)
}

/// Writes a device, new or changed.
pub(super) fn put_device(tx: &mut Tx<'_>, device: &DeviceRow) -> Outcome<()> {
    tx.sql("INSERT INTO devices (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body")?
        .execute(params![device.id, device.body])?;
    Ok(())
}

/// Forgets a device.
pub(super) fn remove_device(tx: &mut Tx<'_>, id: &str) -> Outcome<()> {
    tx.sql("DELETE FROM devices WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// How much a probe writes, bytes: so much that a disk which takes it takes some messages, too.
const PROBE_BYTES: i64 = 65_536;

/// Rewrites one row, to see whether the disk takes it. The bytes are new ones each time: SQLite does not write what is there.
pub(super) fn probe(tx: &mut Tx<'_>) -> Outcome<()> {
    tx.sql("INSERT INTO probes (probe, body) VALUES (1, randomblob(?1)) ON CONFLICT DO UPDATE SET body = excluded.body")?
        .execute([PROBE_BYTES])?;
    Ok(())
}
