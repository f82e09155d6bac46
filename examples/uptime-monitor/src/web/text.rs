//! Formats numbers and untrusted text for the page.

use std::fmt::{self, Display, Formatter, Write};

/// Untrusted text in HTML, escaped so that it can't contain a tag or end an attribute.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => f.write_char(char),
        })
    }
}

/// A share from 0 to 1 as a percentage, never rounded up: `100 %` means all.
pub(crate) struct Percent(pub(crate) f64);

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", (self.0 * 10_000.0).floor() / 100.0)
    }
}

/// A latency in microseconds, printed as `0.4 ms`, `41 ms` or `1.25 s`.
pub(crate) struct Latency(pub(crate) u32);

impl Display for Latency {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros @ ..10_000 => write!(f, "{:.1} ms", f64::from(micros) / 1e3),
            micros @ ..1_000_000 => write!(f, "{:.0} ms", f64::from(micros) / 1e3),
            micros => write!(f, "{:.2} s", f64::from(micros) / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_text_is_escaped() {
        let text = Escaped("<script>alert(\"1\")</script> & 'more'").to_string();
        assert_eq!(text, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;");
    }

    #[test]
    fn only_all_of_them_are_100_percent() {
        let shares = [1.0, 0.999_999, 0.99, 0.5, 0.0].map(|share| Percent(share).to_string());
        assert_eq!(shares, ["100 %", "99.99 %", "99 %", "50 %", "0 %"]);
    }

    #[test]
    fn latencies_have_significant_digits() {
        let latencies = [430, 9_940, 41_200, 999_400, 1_254_000].map(|micros| Latency(micros).to_string());
        assert_eq!(latencies, ["0.4 ms", "9.9 ms", "41 ms", "999 ms", "1.25 s"]);
    }
}
