//! Checks cron lines and time zones in attributes, as the core reads them: by `croner` and by the zones that `jiff` has.

#[cfg(feature = "cron")]
pub(crate) fn check_line(text: &str) -> Result<(), String> {
    use croner::errors::CronError;
    use croner::parser::{CronParser, Seconds, Year};

    const FORM: &str =
        "write five or six fields, as in \"0 30 2 * * *\" (second, minute, hour, day, month, day of the week)";
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|error| match error {
        CronError::EmptyPattern => format!("a cron line can't be empty; {FORM}"),
        CronError::InvalidPattern(_) => format!("a cron line has another number of fields; {FORM}"),
        CronError::IllegalCharacters(what) | CronError::ComponentError(what) => {
            format!("this is no cron line: {}; {FORM}", what.trim_end_matches('.'))
        }
        other => format!("this is no cron line: {other}; {FORM}"),
    })?;
    match cron.find_next_occurrence(&jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0), true) {
        Ok(_) => Ok(()),
        Err(_) => Err("this time never comes, as on 31 February; name a day that its month has".to_owned()),
    }
}

#[cfg(feature = "cron")]
pub(crate) fn check_zone(name: &str) -> Result<(), String> {
    match jiff::tz::TimeZoneDatabase::bundled().get(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "there is no time zone {name:?}; write a name of the IANA database, as \"Europe/Berlin\" or \"UTC\""
        )),
    }
}

#[cfg(not(feature = "cron"))]
pub(crate) fn check_line(_: &str) -> Result<(), String> {
    Err("cron lines are read with the feature `cron`; write `lifespan = { version = \"…\", features = [\"cron\"] }` in \
         Cargo.toml"
        .to_owned())
}

#[cfg(not(feature = "cron"))]
#[expect(clippy::unnecessary_wraps, reason = "it stands in for the one that checks")]
pub(crate) fn check_zone(_: &str) -> Result<(), String> {
    // Without `cron` beside it a zone is an error already, and with it the line is.
    Ok(())
}

#[cfg(all(test, not(feature = "cron")))]
mod tests {
    #[test]
    fn without_its_feature_a_cron_line_is_an_error_that_names_it() {
        assert!(super::check_line("0 30 2 * * *").is_err_and(|message| message.contains("features = [\"cron\"]")));
    }
}
