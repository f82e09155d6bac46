//! Cron lines and time zones. Without the feature `cron` every line is refused.

#[cfg(feature = "cron")]
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
#[cfg(feature = "cron")]
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::from_text::FromText;

/// The message about a cron line in a program without the feature `cron`.
pub const NEEDS_CRON: &str =
    "cron lines need the feature `cron`; write `lifespan = { version = \"…\", features = [\"cron\"] }` in Cargo.toml";

/// A valid cron line, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronLine(String);

impl CronLine {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromText for CronLine {
    #[cfg(feature = "cron")]
    fn from_text(text: &str) -> Result<Self, String> {
        cron_line(text).map(|_| Self(text.to_owned()))
    }

    #[cfg(not(feature = "cron"))]
    fn from_text(_: &str) -> Result<Self, String> {
        Err(NEEDS_CRON.to_owned())
    }
}

/// The name of a time zone that exists. Without the feature `cron` no name is checked, since no line is valid either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeZoneName(String);

impl TimeZoneName {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromText for TimeZoneName {
    fn from_text(text: &str) -> Result<Self, String> {
        #[cfg(feature = "cron")]
        time_zone(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// Parses a cron line: five fields from the minute on, six from the second on, or a word like `@daily`.
#[cfg(feature = "cron")]
pub fn cron_line(text: &str) -> Result<Cron, String> {
    const FORM: &str =
        "write five or six fields, as in \"0 30 2 * * *\" (second, minute, hour, day, month, day of the week)";
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|error| {
        let why = match &error {
            CronError::EmptyPattern => "it is empty",
            CronError::InvalidPattern(_) => "it has the wrong number of fields",
            CronError::IllegalCharacters(_) => "it contains illegal characters",
            // After a colon croner quotes the line, which must not be shown.
            CronError::ComponentError(what) => what.split(':').next().unwrap_or_default().trim_end_matches('.'),
            _ => "it can't be read",
        };
        format!("not a valid cron line: {why}; {FORM}")
    })?;
    if cron.find_next_occurrence(&jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0), true).is_err() {
        return Err("this time never comes, such as 31 February; name a day that its month has".to_owned());
    }
    Ok(cron)
}

/// Returns the time zone with this name.
///
/// The system's database is newer than the one in the binary, but a small container has none or a partial one.
#[cfg(feature = "cron")]
pub fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).or_else(|_| TimeZoneDatabase::bundled().get(name)).map_err(|_| {
        "unknown time zone; write a name of the IANA database, such as \"Europe/Berlin\" or \"UTC\"".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "cron")]
    #[test]
    fn a_line_that_is_not_valid_and_one_that_never_comes_are_refused() {
        for (line, part) in [
            ("0 0 0 31 2 *", "never comes"),
            ("0 0 0 31 4,6,9,11 *", "never comes"),
            ("", "it is empty"),
            ("* * *", "number of fields"),
            ("0 0 0 1 1 * 2030", "number of fields"),
            ("60 * * * *", "out of bounds"),
            ("marker", "number of fields"),
        ] {
            let why = cron_line(line).expect_err(line);
            assert!(why.contains(part) && !why.contains("marker"), "{line}: {why}");
        }
        assert!(CronLine::from_text("0 0 29 2 *").is_ok());
        assert!(TimeZoneName::from_text("Europe/Berlim").is_err_and(|why| why.contains("unknown time zone")));
    }

    #[cfg(not(feature = "cron"))]
    #[test]
    fn without_its_feature_a_cron_line_is_an_error_that_names_it() {
        assert!(CronLine::from_text("0 30 2 * * *").is_err_and(|why| why.contains("features = [\"cron\"]")));
    }
}
