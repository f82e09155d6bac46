//! Durations as text, and the longest limit.

use std::time::Duration;

/// The longest limit. Longer ones are cut to it, so that adding one to a moment does not overflow.
pub(crate) const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Shows a duration with three digits: `1.23 s`, `45.6 ms`.
pub(crate) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        0.0 => return "0 s".to_owned(),
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s if s < 600.0 => (s, "s"),
        s if s < 36_000.0 => (s / 60.0, "min"),
        s => (s / 3600.0, "h"),
    };
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::short;
    use std::time::Duration;

    #[test]
    fn a_duration_reads_short() {
        for (nanos, text) in [
            (0, "0 s"),
            (350, "350 ns"),
            (12_345, "12.3 µs"),
            (1_000_000, "1 ms"),
            (2_500_000_000, "2.5 s"),
            (100_000_000_000, "100 s"),
            (3_600_000_000_000, "60 min"),
            (86_400_000_000_000, "24 h"),
        ] {
            assert_eq!(short(Duration::from_nanos(nanos)), text);
        }
    }
}
