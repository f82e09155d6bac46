//! Reads durations in attributes, in the format of configuration files: `5s`, `1h30m`, `500ms`, `2d`.

use std::time::Duration;

/// The units of time, with their nanoseconds.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads whole numbers, each followed by its unit, largest unit first.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    const FORM: &str = "a duration consists of whole numbers with units, largest first, as in \"5s\", \"500ms\", \"1h30m\" or \
                        \"2d\"; the units are d, h, m, s, ms, us and ns";
    let mut units = UNITS.iter();
    let mut total: u128 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return Err(FORM);
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let (unit, after) = after.split_at(after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len()));
        let number: u64 = number.parse().map_err(|_| FORM)?;
        let (_, size) = units.find(|(name, _)| *name == unit).ok_or(FORM)?;
        total = u128::from(number).checked_mul(*size).and_then(|part| total.checked_add(part)).ok_or(FORM)?;
        rest = after;
    }
    let seconds =
        u64::try_from(total / 1_000_000_000).map_err(|_| "this duration is too long; choose a shorter one")?;
    match (total % 1_000_000_000).try_into() {
        _ if total == 0 => Err("a duration of zero is not allowed here; give a positive one, as in \"5s\""),
        Ok(nanoseconds) => Ok(Duration::new(seconds, nanoseconds)),
        Err(_) => Err(FORM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(parse("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("2d1ns"), Ok(Duration::new(172_800, 1)));
    }

    #[test]
    fn all_else_is_refused() {
        for text in ["", "5", "s", "5 s", "5x", "-5s", "1.5s", "30m1h", "1s1s", "0s", "99999999999999999999s", "5s "] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(parse(&format!("{}d", u64::MAX)).is_err());
    }
}
