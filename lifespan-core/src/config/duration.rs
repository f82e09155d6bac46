//! Parses durations as people write them: `5s`, `1h30m`, `500ms`, `2d`.

use std::time::Duration;

/// Examples of durations, for messages.
const EXAMPLES: &str = "write it as in \"5s\", \"500ms\", \"1h30m\" or \"2d\"";

/// Longest first, so that `ms` is not read as `m`.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("d", 86_400 * 1_000_000_000),
];

/// Parses a duration: one or more whole numbers, each with its unit, largest unit first, and nothing else.
///
/// The units are `d`, `h`, `m`, `s`, `ms`, `us` and `ns`. The error says what is wrong and how to write a duration, and
/// does not repeat the text, which may be a secret.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(format!("a duration can't be empty; {EXAMPLES}"));
    }
    let mut total = Duration::ZERO;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        if number.is_empty() {
            return Err(format!("a duration is made of whole numbers, each with a unit; {EXAMPLES}"));
        }
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        if unit.is_empty() {
            return Err(format!("a duration needs a unit; {EXAMPLES}"));
        }
        let Some((_, nanoseconds)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
            return Err(format!("a duration has the units d, h, m, s, ms, us and ns; {EXAMPLES}"));
        };
        if nanoseconds >= smallest {
            return Err(format!("a duration names each unit once, the largest first; {EXAMPLES}"));
        }
        smallest = nanoseconds;
        total = number
            .parse()
            .ok()
            .and_then(|number| times(number, nanoseconds))
            .and_then(|part| total.checked_add(part))
            .ok_or("the duration is too long to be counted")?;
        rest = next;
    }
    Ok(total)
}

/// `number` times a unit, without the overflow that nanoseconds in 64 bits would have after 584 years.
fn times(number: u64, nanoseconds: u64) -> Option<Duration> {
    let total = u128::from(number) * u128::from(nanoseconds);
    let seconds = u64::try_from(total / 1_000_000_000).ok()?;
    let rest = u32::try_from(total % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, expected) in [
            ("5s", Duration::from_secs(5)),
            ("0s", Duration::ZERO),
            ("500ms", Duration::from_millis(500)),
            ("1h30m", Duration::from_secs(5_400)),
            ("2d", Duration::from_secs(172_800)),
            (" 7us\n", Duration::from_micros(7)),
            ("1s1ns", Duration::new(1, 1)),
            ("007s", Duration::from_secs(7)),
        ] {
            assert_eq!(parse_duration(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_without_repeating_the_text() {
        for (text, what) in [
            ("", "can't be empty"),
            ("5", "needs a unit"),
            ("1h30", "needs a unit"),
            ("s", "whole numbers"),
            ("1.5h", "units d, h, m"),
            ("-1s", "whole numbers"),
            ("5 s", "units d, h, m"),
            ("5sec", "units d, h, m"),
            ("5S", "units d, h, m"),
            ("1m1h", "largest first"),
            ("1m1m", "largest first"),
            ("99999999999999999999s", "too long"),
            ("18446744073709551615d", "too long"),
            ("marker", "whole numbers"),
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains(what), "{text}: {error}");
            assert!(!error.contains("marker"), "{error}");
        }
    }

    fn written(duration: Duration) -> String {
        let mut rest = duration.as_nanos();
        let mut text = String::new();
        for (unit, size) in UNITS.into_iter().rev() {
            let count = rest / u128::from(size);
            rest %= u128::from(size);
            if count > 0 {
                text = format!("{text}{count}{unit}");
            }
        }
        if text.is_empty() { "0s".into() } else { text }
    }

    proptest! {
        #[test]
        fn reads_back_every_duration(seconds: u64, nanoseconds in 0u32..1_000_000_000) {
            let duration = Duration::new(seconds, nanoseconds);
            prop_assert_eq!(parse_duration(&written(duration)), Ok(duration));
        }

        #[test]
        fn never_panics(text in "[0-9a-zµ. ]{0,12}") {
            let _ = parse_duration(&text);
        }
    }
}
