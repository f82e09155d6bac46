//! Tests of the history, on databases in memory and on disk.

use rusqlite::Connection;

use super::read::{endpoint, hours, percentile};
use super::write::{prune, record, roll_up};
use super::{Change, Check, Hour, State, connect, schema};
use crate::clock::{HOUR, Millis};

/// A whole hour.
const NOON: Millis = 500_000 * HOUR;
const MINUTE: Millis = 60_000;

fn memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

fn well(at: Millis, millis: u32) -> Check {
    Check { at, latency: millis * 1000, error: None }
}

fn badly(at: Millis) -> Check {
    Check { at, latency: 9_000_000, error: Some("status 500 instead of 200".to_owned()) }
}

fn keep(connection: &mut Connection, name: &str, checks: &[Check]) {
    for check in checks {
        record(connection, name, "http://a.test/", check).unwrap();
    }
}

fn count(connection: &Connection, table: &str) -> u32 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn percentiles_are_values_that_were_measured() {
    let hundred: Vec<u32> = (1..=100).collect();
    assert_eq!([1, 50, 95, 100].map(|percent| percentile(&hundred, percent)), [Some(1), Some(50), Some(95), Some(100)]);
    assert_eq!(percentile(&[3, 8], 50), Some(3));
    assert_eq!(percentile(&[3, 8], 51), Some(8));
    assert_eq!(percentile(&[7], 95), Some(7));
    assert_eq!(percentile(&[], 50), None);
}

#[test]
fn a_check_says_what_it_changes_and_since_when() {
    let mut db = memory();
    let mut at = |check: &Check| record(&mut db, "home", "http://a.test/", check).unwrap();
    assert_eq!(at(&well(NOON, 5)), None);
    assert_eq!(at(&badly(NOON + 10)), Some(Change::Down));
    assert_eq!(at(&badly(NOON + 20)), None);
    assert_eq!(at(&well(NOON + 40, 5)), Some(Change::UpAfter(30)));
    assert_eq!(at(&well(NOON + 50, 5)), None);
    let home = endpoint(&db, "home", NOON + 60).unwrap();
    assert_eq!((home.state(), home.known.unwrap().since), (State::Up, NOON + 40));
    assert_eq!(record(&mut db, "other", "http://b.test/", &badly(NOON)).unwrap(), Some(Change::Down));
}

#[test]
fn an_endpoint_without_checks_is_pending() {
    let never = endpoint(&memory(), "never", NOON).unwrap();
    assert_eq!((never.state(), never.uptime(), never.percentile(50)), (State::Pending, None, None));
}

#[test]
fn the_last_checks_are_given_in_order_with_the_url_of_the_last() {
    let mut db = memory();
    keep(&mut db, "home", &(0..70).map(|n| well(NOON + n, 5)).collect::<Vec<_>>());
    record(&mut db, "home", "http://new.test/", &well(NOON + 70, 9)).unwrap();
    let home = endpoint(&db, "home", NOON + 80).unwrap();
    assert_eq!(home.checks.len(), 60);
    assert_eq!((home.checks[0].at, home.checks[59].at), (NOON + 11, NOON + 70));
    assert_eq!(home.known.unwrap().url, "http://new.test/");
}

#[test]
fn an_hour_that_is_over_becomes_one_line() {
    let mut db = memory();
    keep(&mut db, "home", &[well(NOON, 10), well(NOON + 1, 30), well(NOON + 2, 20), badly(NOON + HOUR - 1)]);
    keep(&mut db, "home", &[badly(NOON + HOUR), well(NOON + 2 * HOUR, 50)]);
    keep(&mut db, "other", &[well(NOON + 5, 7)]);
    assert_eq!(roll_up(&mut db, NOON + 2 * HOUR + 5 * MINUTE).unwrap(), 3);
    let first = Hour { start: NOON, checks: 4, failures: 1, p50: Some(20_000), p95: Some(30_000) };
    let second = Hour { start: NOON + HOUR, checks: 1, failures: 1, p50: None, p95: None };
    assert_eq!(hours(&db, "home").unwrap(), [first, second]);
    assert_eq!(hours(&db, "other").unwrap().len(), 1);
}

#[test]
fn no_hour_is_rolled_up_twice_or_too_early() {
    let mut db = memory();
    keep(&mut db, "home", &[well(NOON, 10)]);
    // A check of this hour may not be written yet.
    assert_eq!(roll_up(&mut db, NOON + HOUR + MINUTE - 1).unwrap(), 0);
    keep(&mut db, "home", &[well(NOON + HOUR - 1, 10)]);
    assert_eq!(roll_up(&mut db, NOON + HOUR + MINUTE).unwrap(), 1);
    assert_eq!(roll_up(&mut db, NOON + HOUR + MINUTE).unwrap(), 0);
    assert_eq!(hours(&db, "home").unwrap()[0].checks, 2);
}

#[test]
fn the_last_day_is_the_same_before_and_after_a_roll_up() {
    let mut db = memory();
    let long_ago = [badly(NOON - 30 * HOUR), badly(NOON - 23 * HOUR - 1)];
    keep(&mut db, "home", &long_ago);
    keep(&mut db, "home", &[well(NOON - 23 * HOUR, 5), badly(NOON - HOUR), well(NOON - 2, 5), well(NOON + 2, 5)]);
    let day = |db: &Connection| {
        let home = endpoint(db, "home", NOON + 10 * MINUTE).unwrap();
        let hours: Vec<_> = home.day.iter().map(|hour| (hour.start, hour.checks, hour.failures)).collect();
        (home.uptime(), hours)
    };
    let before = day(&db);
    assert_eq!(before.0, Some(0.75));
    assert_eq!(before.1, [(NOON - 23 * HOUR, 1, 0), (NOON - HOUR, 2, 1), (NOON, 1, 0)]);
    assert!(roll_up(&mut db, NOON + 10 * MINUTE).unwrap() > 0);
    assert_eq!(day(&db), before);
}

#[test]
fn old_checks_are_deleted_and_their_hours_stay_longer() {
    let mut db = memory();
    keep(&mut db, "home", &[well(NOON - 50 * HOUR, 5), well(NOON - 3 * HOUR, 5), well(NOON, 5)]);
    keep(&mut db, "gone", &[well(NOON - 200 * HOUR, 5)]);
    let gone = prune(&mut db, NOON + 1, 2 * HOUR, 100 * HOUR).unwrap();
    // Three checks, the hour of "gone", and "gone" itself.
    assert_eq!(gone, 5);
    assert_eq!(count(&db, "checked"), 1);
    assert_eq!(
        hours(&db, "home").unwrap().iter().map(|hour| hour.start).collect::<Vec<_>>(),
        [NOON - 50 * HOUR, NOON - 3 * HOUR]
    );
    assert_eq!(count(&db, "endpoint"), 1);
}

#[test]
fn a_check_is_never_deleted_before_its_hour_is_rolled_up() {
    let mut db = memory();
    keep(&mut db, "home", &[well(NOON, 5)]);
    assert_eq!(prune(&mut db, NOON + 10 * MINUTE, 0, Millis::MAX).unwrap(), 0);
    assert_eq!(prune(&mut db, NOON + HOUR + MINUTE, 0, Millis::MAX).unwrap(), 1);
    assert_eq!(hours(&db, "home").unwrap()[0].checks, 1);
}

#[test]
fn a_file_can_be_opened_again_and_a_newer_version_is_refused() {
    let directory = std::env::temp_dir().join(format!("uptime-monitor-store-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("uptime.db");
    let (mut writer, reader) = connect(&path).unwrap();
    keep(&mut writer, "home", &[well(NOON, 5)]);
    assert_eq!(endpoint(&reader, "home", NOON).unwrap().checks, [well(NOON, 5)]);
    assert!(reader.execute("DELETE FROM checked", []).is_err(), "the reading connection can't write");
    drop((writer, reader));

    let (writer, reader) = connect(&path).unwrap();
    assert_eq!(endpoint(&reader, "home", NOON).unwrap().checks, [well(NOON, 5)]);
    writer.pragma_update(None, "user_version", 99).unwrap();
    let error = connect(&path).unwrap_err().to_string();
    assert!(error.contains("it has version 99") && error.contains("use the version"), "{error}");
    drop((writer, reader));
    std::fs::remove_dir_all(&directory).unwrap();
}
