//! Times in milliseconds since 1970 in UTC, as stored in the database, and their formats for people.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Milliseconds since 1970, UTC.
pub(crate) type Millis = i64;

pub(crate) const HOUR: Millis = 3_600_000;

pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    in_millis(since)
}

/// Converts a duration, limited to the largest value.
pub(crate) fn in_millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// Returns the start of the hour of this time.
pub(crate) fn hour_of(at: Millis) -> Millis {
    at - at.rem_euclid(HOUR)
}

/// Formats a time as `2026-03-01T08:30:00Z`.
pub(crate) fn timestamp(at: Millis) -> String {
    Timestamp::from_millisecond(at / 1000 * 1000).map_or_else(|_| at.to_string(), |moment| moment.to_string())
}

/// Formats a duration: `40 s`, `3 min`, `5 h`, `12 d`.
pub(crate) fn span(millis: Millis) -> String {
    match millis.max(0) / 1000 {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let spans = [0, 59_999, 60_000, 3_599_999, 3_600_000, 172_799_999, 172_800_000].map(span);
        assert_eq!(spans, ["0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d"]);
    }

    #[test]
    fn times_are_formatted_as_rfc_3339() {
        assert_eq!(timestamp(1_772_354_096_789), "2026-03-01T08:34:56Z");
        assert_eq!(timestamp(hour_of(1_772_354_096_789)), "2026-03-01T08:00:00Z");
    }
}
