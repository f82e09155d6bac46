//! The changes of the history: storing a check, rolling up hours, and deleting old rows.

use rusqlite::{Connection, OptionalExtension, params};

use super::Check;
use super::read::percentile;
use crate::clock::{HOUR, Millis, hour_of};

/// The longest time from a check to its write; an hour is not complete before it has passed.
const LATE: Millis = 60_000;

/// A change of state caused by a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It went down; before, it was up or never checked.
    Down,
    /// It came up after being down for this long.
    UpAfter(Millis),
}

pub(super) fn record(
    connection: &mut Connection,
    name: &str,
    url: &str,
    check: &Check,
) -> rusqlite::Result<Option<Change>> {
    let change = connection.transaction()?;
    let known = change
        .query_row("SELECT is_up, since FROM endpoint WHERE name = ?1", [name], |row| {
            Ok((row.get::<_, bool>(0)?, row.get::<_, Millis>(1)?))
        })
        .optional()?;
    let is_up = check.error.is_none();
    let since = known.filter(|(was_up, _)| *was_up == is_up).map_or(check.at, |(_, since)| since);
    let endpoint: i64 = change.query_row(
        "INSERT INTO endpoint (name, url, is_up, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET url = ?2, is_up = ?3, since = ?4 RETURNING id",
        params![name, url, is_up, since],
        |row| row.get(0),
    )?;
    // A clock that was set back may return the same time twice.
    change.execute(
        "INSERT OR REPLACE INTO checked (endpoint, at, latency, error) VALUES (?1, ?2, ?3, ?4)",
        params![endpoint, check.at, check.latency, check.error],
    )?;
    change.commit()?;
    Ok(match (known, is_up) {
        (None | Some((true, _)), false) => Some(Change::Down),
        (Some((false, since)), true) => Some(Change::UpAfter(check.at - since)),
        _ => None,
    })
}

/// Summarizes every completed hour that has no summary.
pub(super) fn roll_up(connection: &mut Connection, now: Millis) -> rusqlite::Result<usize> {
    let until = hour_of(now - LATE);
    let change = connection.transaction()?;
    let mut lines = 0;
    {
        let mut checks = change.prepare(
            "SELECT endpoint, at - at % ?1 AS start, latency, error IS NULL FROM checked AS c
             WHERE at < ?2 AND at >= coalesce((SELECT max(start) + ?1 FROM hour WHERE hour.endpoint = c.endpoint), 0)
             ORDER BY endpoint, start, latency",
        )?;
        let mut line = change.prepare("INSERT INTO hour VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let mut write = |hour: &Rolled| {
            let [p50, p95] = [50, 95].map(|percent| percentile(&hour.latencies, percent));
            line.execute(params![hour.endpoint, hour.start, hour.checks, hour.failures, p50, p95])
        };
        let mut current: Option<Rolled> = None;
        let mut rows = checks.query([HOUR, until])?;
        while let Some(row) = rows.next()? {
            let (endpoint, start) = (row.get(0)?, row.get(1)?);
            let hour = match &mut current {
                Some(hour) if (hour.endpoint, hour.start) == (endpoint, start) => hour,
                other => {
                    if let Some(whole) = other.replace(Rolled { endpoint, start, ..Rolled::default() }) {
                        lines += write(&whole)?;
                    }
                    other.get_or_insert_default()
                }
            };
            hour.checks += 1;
            if row.get(3)? { hour.latencies.push(row.get(2)?) } else { hour.failures += 1 }
        }
        if let Some(whole) = current {
            lines += write(&whole)?;
        }
    }
    change.commit()?;
    Ok(lines)
}

/// One hour of one endpoint, while it is read.
#[derive(Default)]
struct Rolled {
    endpoint: i64,
    start: Millis,
    checks: u32,
    failures: u32,
    /// The latencies of successful checks, the fastest first.
    latencies: Vec<u32>,
}

/// Deletes checks and hours older than these limits. Hours without a summary are rolled up first.
pub(super) fn prune(
    connection: &mut Connection,
    now: Millis,
    checks: Millis,
    hours: Millis,
) -> rusqlite::Result<usize> {
    roll_up(connection, now)?;
    let change = connection.transaction()?;
    let mut gone =
        change.execute("DELETE FROM checked WHERE at < ?1", [hour_of(now - LATE).min(now.saturating_sub(checks))])?;
    gone += change.execute("DELETE FROM hour WHERE start < ?1", [now.saturating_sub(hours)])?;
    // An endpoint is deleted with its last row.
    gone += change.execute(
        "DELETE FROM endpoint WHERE NOT EXISTS (SELECT 1 FROM checked WHERE endpoint = id)
         AND NOT EXISTS (SELECT 1 FROM hour WHERE endpoint = id)",
        [],
    )?;
    change.commit()?;
    Ok(gone)
}
