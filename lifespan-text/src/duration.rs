//! Durations as people write them: `5s`, `1h30m`, `500ms`, `2d`.

use std::time::Duration;

use crate::from_text::FromText;

/// Examples of durations, for messages.
const EXAMPLES: &str = "write it as in \"5s\", \"500ms\", \"1h30m\" or \"2d\"";

/// The units of time, with their nanoseconds.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("d", 86_400 * 1_000_000_000),
];

/// One or more whole numbers, each with its unit, largest unit first, with no space between them. The units are `d`, `h`,
/// `m`, `s`, `ms`, `us` and `ns`.
impl FromText for Duration {
    fn from_text(text: &str) -> Result<Self, String> {
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
}

/// Returns `number` times a unit, without the overflow that nanoseconds in 64 bits would have after 584 years.
fn times(number: u64, nanoseconds: u64) -> Option<Duration> {
    let total = u128::from(number) * u128::from(nanoseconds);
    let seconds = u64::try_from(total / 1_000_000_000).ok()?;
    let rest = u32::try_from(total % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

/// A duration that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(Duration);

impl Period {
    /// Returns the duration.
    #[must_use]
    pub fn get(self) -> Duration {
        self.0
    }
}

impl FromText for Period {
    fn from_text(text: &str) -> Result<Self, String> {
        match Duration::from_text(text)? {
            Duration::ZERO => Err("it can't be zero; write it as in \"5s\"".to_owned()),
            duration => Ok(Self(duration)),
        }
    }
}

/// The first and the longest delay before a restart: `100ms..30s`, or one duration for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first delay.
    pub first: Duration,
    /// The longest delay.
    pub longest: Duration,
}

impl FromText for Backoff {
    fn from_text(text: &str) -> Result<Self, String> {
        const FORM: &str = "write it as in \"100ms..30s\"";
        let (first, longest) = text.split_once("..").unwrap_or((text, text));
        let read = |text| {
            Duration::from_text(text)
                .map_err(|why| format!("it is the first and the longest delay, as in \"100ms..30s\": {why}"))
        };
        match (read(first)?, read(longest)?) {
            (Duration::ZERO, longest) if !longest.is_zero() => {
                Err(format!("a delay of zero stays zero when it is doubled; {FORM}, or \"0s\" for no delay"))
            }
            (first, longest) if first <= longest => Ok(Self { first, longest }),
            _ => Err(format!("the first delay is longer than the longest one; {FORM}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn duration(text: &str) -> Result<Duration, String> {
        Duration::from_text(text)
    }

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
            assert_eq!(duration(text), Ok(expected), "{text}");
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
            let error = duration(text).expect_err(text);
            assert!(error.contains(what), "{text}: {error}");
            assert!(!error.contains("marker"), "{error}");
        }
    }

    #[test]
    fn a_period_is_not_zero() {
        assert_eq!(Period::from_text("5s").map(Period::get), Ok(Duration::from_secs(5)));
        assert!(Period::from_text("0s").is_err_and(|why| why.contains("can't be zero")));
    }

    #[test]
    fn a_backoff_is_the_first_and_the_longest_delay() {
        let backoff = |first, longest| Ok(Backoff { first, longest });
        let (short, long) = (Duration::from_millis(100), Duration::from_secs(30));
        assert_eq!(Backoff::from_text("100ms..30s"), backoff(short, long));
        assert_eq!(Backoff::from_text("30s"), backoff(long, long));
        assert_eq!(Backoff::from_text("0s"), backoff(Duration::ZERO, Duration::ZERO));
        for (text, what) in
            [("0s..30s", "stays zero"), ("30s..100ms", "longer than the longest"), ("30s..", "can't be empty")]
        {
            assert!(Backoff::from_text(text).is_err_and(|why| why.contains(what)), "{text}");
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
            let expected = Duration::new(seconds, nanoseconds);
            prop_assert_eq!(duration(&written(expected)), Ok(expected));
        }

        #[test]
        fn never_panics(text in "[0-9a-zµ. ]{0,12}") {
            let _ = duration(&text);
        }
    }
}
