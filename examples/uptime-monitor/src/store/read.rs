//! The queries for the page and the API.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::Check;
use crate::clock::{HOUR, Millis, hour_of};

/// The number of checks shown.
const SHOWN: u32 = 60;

/// The number of hours shown, including the current one.
const DAY: Millis = 24;

/// The history of an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    /// `None` before its first check.
    pub(crate) known: Option<Known>,
    /// Its last checks, the oldest first.
    pub(crate) checks: Vec<Check>,
    /// The hours of the last day in which there were checks, the oldest first.
    pub(crate) day: Vec<Hour>,
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) url: String,
    pub(crate) is_up: bool,
    /// The time of the last change of the state.
    pub(crate) since: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Not checked yet.
    Pending,
    Up,
    Down,
}

/// One hour of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hour {
    pub(crate) start: Millis,
    pub(crate) checks: u32,
    pub(crate) failures: u32,
    /// The median latency of successful checks, in microseconds. `None` without successful checks, or before the hour is
    /// rolled up.
    pub(crate) p50: Option<u32>,
    /// The 95th percentile of the same latencies.
    pub(crate) p95: Option<u32>,
}

impl Endpoint {
    pub(crate) fn state(&self) -> State {
        match &self.known {
            None => State::Pending,
            Some(known) if known.is_up => State::Up,
            Some(_) => State::Down,
        }
    }

    /// Returns the share of successful checks in the last day, from 0 to 1.
    pub(crate) fn uptime(&self) -> Option<f64> {
        let (checks, failures) =
            self.day.iter().fold((0, 0), |(checks, failures), hour| (checks + hour.checks, failures + hour.failures));
        (checks > 0).then(|| f64::from(checks - failures) / f64::from(checks))
    }

    /// Returns a percentile of the latency of the shown successful checks.
    pub(crate) fn percentile(&self, percent: usize) -> Option<u32> {
        let mut latencies: Vec<u32> =
            self.checks.iter().filter(|check| check.error.is_none()).map(|check| check.latency).collect();
        latencies.sort_unstable();
        percentile(&latencies, percent)
    }
}

/// Returns a percentile by the nearest-rank method.
pub(crate) fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

pub(super) fn endpoint(connection: &Connection, name: &str, now: Millis) -> rusqlite::Result<Endpoint> {
    let unknown = Endpoint { name: name.to_owned(), ..Endpoint::default() };
    let found = connection
        .query_row("SELECT id, url, is_up, since FROM endpoint WHERE name = ?1", [name], |row| {
            Ok((row.get::<_, i64>(0)?, Known { url: row.get(1)?, is_up: row.get(2)?, since: row.get(3)? }))
        })
        .optional()?;
    let Some((id, known)) = found else { return Ok(unknown) };
    let mut checks: Vec<Check> = connection
        .prepare("SELECT at, latency, error FROM checked WHERE endpoint = ?1 ORDER BY at DESC LIMIT ?2")?
        .query_map(params![id, SHOWN], |row| Ok(Check { at: row.get(0)?, latency: row.get(1)?, error: row.get(2)? }))?
        .collect::<rusqlite::Result<_>>()?;
    checks.reverse();
    // The hours that are rolled up, and the checks after them.
    let first = hour_of(now) - (DAY - 1) * HOUR;
    let day = connection
        .prepare(
            "SELECT start, checks, failures, p50, p95 FROM hour WHERE endpoint = ?1 AND start >= ?2
             UNION ALL
             SELECT at - at % ?3, count(*), sum(error IS NOT NULL), NULL, NULL FROM checked
             WHERE endpoint = ?1
             AND at >= max(?2, coalesce((SELECT max(start) + ?3 FROM hour WHERE endpoint = ?1), 0))
             GROUP BY 1 ORDER BY 1",
        )?
        .query_map([id, first, HOUR], hour)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Endpoint { known: Some(known), checks, day, ..unknown })
}

pub(super) fn hours(connection: &Connection, name: &str) -> rusqlite::Result<Vec<Hour>> {
    connection
        .prepare(
            "SELECT start, checks, failures, p50, p95 FROM hour JOIN endpoint ON id = endpoint
             WHERE name = ?1 ORDER BY start",
        )?
        .query_map([name], hour)?
        .collect()
}

fn hour(row: &rusqlite::Row<'_>) -> rusqlite::Result<Hour> {
    Ok(Hour { start: row.get(0)?, checks: row.get(1)?, failures: row.get(2)?, p50: row.get(3)?, p95: row.get(4)? })
}
