//! Finds the known name that a mistyped one most likely means.

/// Returns the nearest of the known names, if one is near enough.
///
/// ```
/// assert_eq!(lifespan_text::nearest("timeuot", ["retries", "timeout"]), Some("timeout"));
/// assert_eq!(lifespan_text::nearest("grace", ["retries", "timeout"]), None);
/// ```
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
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
            let distance = distance(&name.to_lowercase(), &of_known.to_lowercase());
            (distance <= allowed).then_some((distance, known))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Returns how many letters have to be added, removed, changed or swapped with the next one to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let changed = last[j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut best = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

/// Returns both names without their common parts, so that variables are not near only for their long prefixes.
fn differing<'a>(name: &'a str, known: &'a str) -> (&'a str, &'a str) {
    let shared = name.bytes().zip(known.bytes()).take_while(|(a, b)| a == b).count();
    let start = name.as_bytes()[..shared].windows(2).rposition(|pair| pair == b"__").map_or(0, |position| position + 2);
    (&name[start..], &known[start..])
}

/// Returns the advice for an unknown name: the name that is probably meant, or else the valid names.
///
/// ```
/// assert_eq!(lifespan_text::advice("evry", ["every", "delay"]), "did you mean `every`?");
/// assert_eq!(lifespan_text::advice("grace", ["every", "delay"]), "valid names: `every`, `delay`");
/// ```
pub fn advice<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
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
    fn a_distance_counts_letters_and_swaps() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("timeuot", "timeout", 1),
            ("kitten", "sitting", 3),
            ("größe", "grösse", 2),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

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
