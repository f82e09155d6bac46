//! Finds the known name that a mistyped one most likely means.

/// Returns the nearest of the known names, if one is near enough.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    known
        .into_iter()
        .filter_map(|known| {
            let (name, of_known) = differing(name, known);
            let length = name.chars().count();
            // A name of one letter is near to every other.
            let allowed = (1 + length / 4).min(length.saturating_sub(1));
            // A long key of a file is compared with nothing: time and memory grow with both lengths.
            if length.abs_diff(of_known.chars().count()) > allowed {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&name.to_lowercase(), &of_known.to_lowercase());
            (distance <= allowed).then_some((distance, known))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Returns both names without their common parts, so that variables are not near only for their long prefixes.
fn differing<'a>(name: &'a str, known: &'a str) -> (&'a str, &'a str) {
    let shared = name.bytes().zip(known.bytes()).take_while(|(a, b)| a == b).count();
    let start = name.as_bytes()[..shared].windows(2).rposition(|pair| pair == b"__").map_or(0, |position| position + 2);
    (&name[start..], &known[start..])
}

/// Returns the advice for an unknown name: the name that is probably meant, or else the valid names.
pub(crate) fn advice<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(nearest) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{nearest}`?");
    }
    let known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    match known.len() {
        0 => "remove it: no names are valid here".into(),
        1..=12 => format!("valid names: {}", known.join(", ")),
        many => format!("valid names: {} and {} more", known[..10].join(", "), many - 10),
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
    fn what_variables_share_does_not_make_them_near() {
        assert_eq!(nearest("LIFESPAN__TASKS__POLL__BAR", ["LIFESPAN__TASKS__POLL__FOO"]), None);
        assert_eq!(
            nearest("LIFESPAN__TASKS__POLL__FOOO", ["LIFESPAN__TASKS__POLL__FOO"]),
            Some("LIFESPAN__TASKS__POLL__FOO")
        );
        assert_eq!(
            nearest("LIFESPAN__TASKS__POL__FOO", ["LIFESPAN__TASKS__POLL__FOO"]),
            Some("LIFESPAN__TASKS__POLL__FOO")
        );
    }

    #[test]
    fn lists_what_there_is_when_nothing_is_near() {
        assert_eq!(advice("grace", ["timeout"]), "valid names: `timeout`");
        assert_eq!(advice("grace", []), "remove it: no names are valid here");
        let many: Vec<String> = (10..30).map(|number| format!("name{number}{number}")).collect();
        assert!(advice("other", many.iter().map(String::as_str)).ends_with("and 10 more"));
    }
}
