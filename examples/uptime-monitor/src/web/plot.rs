//! Two small SVG plots of an endpoint: the latency of its last checks, and the success rate of its last day.

use std::fmt::Write;

use super::text::{Escaped, Latency, Percent};
use crate::clock::{HOUR, Millis, hour_of, timestamp};
use crate::store::{Endpoint, Hour};

const WIDTH: f64 = 240.0;

/// Draws the last checks, the newest at the right: a line for successful checks, a full bar for each failure.
#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
pub(crate) fn latency(endpoint: &Endpoint) -> String {
    const SLOTS: f64 = 60.0;
    const HEIGHT: f64 = 56.0;
    const TOP: f64 = 6.0;
    const BOTTOM: f64 = HEIGHT - 3.0;
    let checks = &endpoint.checks;
    let slowest = checks.iter().filter(|check| check.error.is_none()).map(|check| check.latency).max();
    let scale = round_up(slowest.unwrap_or(0).max(1000));
    let step = WIDTH / SLOTS;
    let x = |index: usize| WIDTH - step * ((checks.len() - index) as f64 - 0.5);
    let y = |latency: u32| BOTTOM - (BOTTOM - TOP) * f64::from(latency) / scale;

    let (mut line, mut areas, mut failures) = (String::new(), String::new(), String::new());
    let mut index = 0;
    for stretch in checks.chunk_by(|one, other| one.error.is_none() == other.error.is_none()) {
        let points = stretch.iter().enumerate().map(|(offset, check)| (x(index + offset), y(check.latency)));
        if stretch[0].error.is_some() {
            points.for_each(|(x, _)| put(&mut failures, format_args!("M{x:.1} {TOP}V{BOTTOM}")));
        } else {
            let corners: Vec<String> = points.map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            let corners = corners.join("L");
            // A single check is a dot, since line ends are round.
            put(&mut line, format_args!("M{corners}h0"));
            let (first, last) = (x(index), x(index + stretch.len() - 1));
            put(&mut areas, format_args!("M{first:.1} {BOTTOM}L{corners}L{last:.1} {BOTTOM}Z"));
        }
        index += stretch.len();
    }
    let newest = checks.last().filter(|check| check.error.is_none()).map_or_else(String::new, |check| {
        format!(r#"<circle class="newest" cx="{:.1}" cy="{:.1}" r="2.6"/>"#, x(checks.len() - 1), y(check.latency))
    });
    let failed = checks.iter().filter(|check| check.error.is_some()).count();
    let figures = match (endpoint.percentile(50), endpoint.percentile(95)) {
        (Some(p50), Some(p95)) => format!("half took up to {}, 95 of 100 up to {}, ", Latency(p50), Latency(p95)),
        _ => String::new(),
    };
    let label = slowest.map_or_else(String::new, |_| {
        let most = scale / 1000.0;
        let most = if most < 1000.0 { format!("{most} ms") } else { format!("{} s", most / 1000.0) };
        format!(r#"<path class="scale" d="M0 {TOP}H{WIDTH}"/><text x="0" y="{}">{most}</text>"#, TOP + 10.0)
    });
    format!(
        r#"<svg class="latency" role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>Latency of {name}</title><desc>The last {count} checks: {figures}{failed} failed.</desc><path class="base" d="M0 {BOTTOM}H{WIDTH}"/>{label}<path class="area" d="{areas}"/><path class="line" d="{line}"/><path class="failure" d="{failures}"/>{newest}</svg>"#,
        name = Escaped(&endpoint.name),
        count = checks.len(),
    )
}

/// Draws the last 24 hours, one column each; its lower part is the share of successful checks.
pub(crate) fn day(endpoint: &Endpoint, now: Millis) -> String {
    const SLOTS: u8 = 24;
    const HEIGHT: f64 = 18.0;
    /// The least height of a failure, so that one among thousands is visible.
    const LEAST: f64 = 4.0;
    let step = WIDTH / f64::from(SLOTS);
    let mut columns = String::new();
    let mut bad = Vec::new();
    for slot in 0..SLOTS {
        let start = hour_of(now) - HOUR * Millis::from(SLOTS - 1 - slot);
        let hour = endpoint.day.iter().find(|hour| hour.start == start);
        let x = step * f64::from(slot);
        let mut column = |class: &str, y: f64, height: f64| {
            put(
                &mut columns,
                format_args!(
                    r#"<rect class="{class}" x="{x}" y="{y:.1}" width="{}" height="{height:.1}"/>"#,
                    step - 2.0
                ),
            );
        };
        match hour {
            None => column("nothing", 0.0, HEIGHT),
            Some(Hour { failures: 0, .. }) => column("up", 0.0, HEIGHT),
            Some(Hour { checks, failures, .. }) => {
                let share = f64::from(*failures) / f64::from(*checks);
                let down = (HEIGHT * share).max(LEAST);
                column("down", 0.0, down);
                column("up", down, HEIGHT - down);
                bad.push(format!("{} ({} of {checks})", timestamp(start), failures));
            }
        }
    }
    let bad = if bad.is_empty() { String::new() } else { format!(" Failures in the hours from {}.", bad.join(", ")) };
    let well = endpoint
        .uptime()
        .map_or_else(|| "no checks".to_owned(), |share| format!("{} of checks succeeded", Percent(share)));
    format!(
        r#"<svg class="day" role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>The last 24 hours of {name}</title><desc>{well}.{bad}</desc>{columns}</svg>"#,
        name = Escaped(&endpoint.name),
    )
}

/// Rounds up to the next of 1, 2, 5, 10, 20, 50, … milliseconds, in microseconds.
fn round_up(micros: u32) -> f64 {
    let micros = f64::from(micros);
    let power = 10_f64.powf(micros.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|round| *round >= micros).unwrap_or(10.0 * power)
}

fn put(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing into a `String` can't fail.
    let _ = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Check;

    fn endpoint(checks: &[Option<u32>]) -> Endpoint {
        let check = |millis: &Option<u32>| Check {
            at: 0,
            latency: millis.unwrap_or(9) * 1000,
            error: millis.is_none().then(|| "refused".to_owned()),
        };
        Endpoint { name: "a<b>".to_owned(), checks: checks.iter().map(check).collect(), ..Endpoint::default() }
    }

    fn attribute<'a>(svg: &'a str, class: &str) -> &'a str {
        let (_, rest) = svg.split_once(&format!("class=\"{class}\" d=\"")).expect(class);
        rest.split_once('"').unwrap().0
    }

    #[test]
    fn scales_are_round_numbers() {
        let scales =
            [1, 999, 1000, 1001, 41_000, 230_000, 1_000_000, 7_000_000].map(|micros| round_up(micros).to_string());
        assert_eq!(scales, ["1", "1000", "1000", "2000", "50000", "500000", "1000000", "10000000"]);
    }

    #[test]
    fn the_newest_check_is_at_the_right_and_the_slowest_is_below_the_top() {
        let svg = latency(&endpoint(&[Some(50), Some(100)]));
        assert_eq!(attribute(&svg, "line"), "M234.0 29.5L238.0 6.0h0");
        assert!(svg.contains(r#"cx="238.0" cy="6.0""#) && svg.contains(">100 ms</text>"), "{svg}");
    }

    #[test]
    fn failures_are_bars_and_interrupt_the_line() {
        let svg = latency(&endpoint(&[Some(10), None, None, Some(10), Some(20), None]));
        assert_eq!(attribute(&svg, "failure").matches('M').count(), 3);
        assert_eq!(attribute(&svg, "line").matches('M').count(), 2);
        assert!(!svg.contains("newest"), "the newest has no latency: {svg}");
        assert!(
            svg.contains("<desc>The last 6 checks: half took up to 10 ms, 95 of 100 up to 20 ms, 3 failed.</desc>"),
            "{svg}"
        );
    }

    #[test]
    fn plots_without_checks_or_with_only_failures_are_valid() {
        for checks in [&[][..], &[None, None]] {
            let svg = latency(&endpoint(checks));
            assert_eq!(attribute(&svg, "line"), "");
            assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<text"), "{svg}");
        }
        assert!(latency(&endpoint(&[])).contains("<title>Latency of a&lt;b&gt;</title>"));
    }

    #[test]
    fn a_day_has_a_column_for_each_hour_and_shows_one_failure_among_thousands() {
        let now = 600_000 * HOUR + 5;
        let hour =
            |ago, checks, failures| Hour { start: hour_of(now) - ago * HOUR, checks, failures, p50: None, p95: None };
        let endpoint = Endpoint { day: vec![hour(23, 10, 0), hour(1, 4000, 1), hour(0, 2, 1)], ..Endpoint::default() };
        let svg = day(&endpoint, now);
        assert_eq!(
            ["nothing", "up", "down"].map(|class| svg.matches(&format!("class=\"{class}\"")).count()),
            [21, 3, 2]
        );
        assert!(svg.contains(r#"<rect class="down" x="220" y="0.0" width="8" height="4.0"/>"#), "{svg}");
        assert!(svg.contains(r#"<rect class="down" x="230" y="0.0" width="8" height="9.0"/>"#), "{svg}");
        assert!(svg.contains("99.95 % of checks succeeded"), "{svg}");
    }
}
