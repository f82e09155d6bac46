//! The known name that a mistyped one most likely means.

/// The nearest of the known names, if one is near enough to be meant.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    // A name of one letter is near to every other.
    let allowed = (1 + length / 4).min(length.saturating_sub(1));
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// What to do about an unknown name: the one that is meant, else those that there are.
pub(crate) fn advice<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(nearest) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{nearest}`?");
    }
    let known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    match known.len() {
        0 => "remove it: there is none".into(),
        1..=12 => format!("known are {}", known.join(", ")),
        many => format!("known are {} and {} more", known[..10].join(", "), many - 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_far_fetched() {
        let known = ["timeout", "retries", "poll_updates"];
        for (name, expected) in [
            ("timeuot", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("retry", None),
            ("retrys", Some("retries")),
            ("retires", Some("retries")),
            ("pol_updates", Some("poll_updates")),
            ("grace", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }

    #[test]
    fn lists_what_there_is_when_nothing_is_near() {
        assert_eq!(advice("grace", ["timeout"]), "known are `timeout`");
        assert_eq!(advice("grace", []), "remove it: there is none");
        let many: Vec<String> = (10..30).map(|number| format!("name{number}{number}")).collect();
        assert!(advice("other", many.iter().map(String::as_str)).ends_with("and 10 more"));
    }
}
