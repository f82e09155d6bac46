//! Checks cron expressions and time zones in attributes with the same libraries as the core: `croner` and `jiff`.

#[cfg(feature = "cron")]
pub(crate) fn check_line(text: &str) -> Result<(), String> {
    use croner::errors::CronError;
    use croner::parser::{CronParser, Seconds, Year};

    const FORM: &str =
        "write five or six fields, as in \"0 30 2 * * *\" (second, minute, hour, day, month, day of the week)";
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|error| match error {
        CronError::EmptyPattern => format!("a cron expression can't be empty; {FORM}"),
        CronError::InvalidPattern(_) => format!("this cron expression has the wrong number of fields; {FORM}"),
        CronError::IllegalCharacters(what) | CronError::ComponentError(what) => {
            format!("invalid cron expression: {}; {FORM}", what.trim_end_matches('.'))
        }
        other => format!("invalid cron expression: {other}; {FORM}"),
    })?;
    match cron.find_next_occurrence(&jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0), true) {
        Ok(_) => Ok(()),
        Err(_) => Err("this time never occurs, like 31 February; choose a day that exists in its month".to_owned()),
    }
}

#[cfg(feature = "cron")]
pub(crate) fn check_zone(name: &str) -> Result<(), String> {
    match jiff::tz::TimeZoneDatabase::bundled().get(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "unknown time zone {name:?}; write a name from the IANA database, such as \"Europe/Berlin\" or \"UTC\""
        )),
    }
}

#[cfg(not(feature = "cron"))]
pub(crate) fn check_line(_: &str) -> Result<(), String> {
    Err("cron expressions need the feature `cron`; write `lifespan = { version = \"…\", features = [\"cron\"] }` in \
         Cargo.toml"
        .to_owned())
}

#[cfg(not(feature = "cron"))]
#[expect(clippy::unnecessary_wraps, reason = "it has the signature of the function that checks")]
pub(crate) fn check_zone(_: &str) -> Result<(), String> {
    // A zone without `cron` is already an error, and so is `cron` without the feature.
    Ok(())
}

#[cfg(all(test, not(feature = "cron")))]
mod tests {
    #[test]
    fn without_its_feature_a_cron_line_is_an_error_that_names_it() {
        assert!(super::check_line("0 30 2 * * *").is_err_and(|message| message.contains("features = [\"cron\"]")));
    }
}
