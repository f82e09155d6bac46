//! No message shows a value: every type is given a marker in every place, and no problem may contain it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::*;

const MARK: &str = "hunter2secret";

/// Types whose own words quote the value, as many in the wild do.
#[derive(Debug)]
struct Talkative;

impl<'de> Deserialize<'de> for Talkative {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(D::Error::custom(format!("`{text}` ({text:?}, {}) is not good enough", text.to_uppercase())))
    }
}

#[derive(Debug)]
struct Explosive;

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        panic!("{}", String::deserialize(deserializer)?)
    }
}

/// Asks for anything and refuses all.
#[derive(Debug)]
struct Picky;

impl<'de> Deserialize<'de> for Picky {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Refuse;
        impl Visitor<'_> for Refuse {
            type Value = Picky;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("nothing that exists")
            }
        }
        deserializer.deserialize_any(Refuse)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Strict {
    inner: u8,
}

#[derive(Debug, Deserialize)]
enum Choice {
    One,
    Two(#[expect(dead_code, reason = "only read")] u8),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only read")]
enum Untagged {
    Number(u8),
    Numbers(Vec<u8>),
}

fn texts_of<T: Value>(secret: bool, file: &str, environment: &[(&str, &str)]) -> String {
    let unit = unit("poll", vec![Argument { secret, key: true, env: Some("FOO"), ..argument("foo", "T") }]);
    let mut problems = Vec::new();
    let sources = Sources::given(Some(file), environment, &mut problems);
    let names = UnitNames::new(&[unit]);
    let mut binder = Binder::new(&sources, &names, unit, None, &mut problems);
    let _ = binder.argument::<T>(0);
    let warnings = sources.check_unknown(&names, &[Bound { unit, name: "poll", registered: None }], &mut problems);
    problems.extend(warnings);
    problems.iter().map(|problem| format!("{problem}\n{problem:?}")).collect::<Vec<_>>().join("\n")
}

/// Values that hold the marker in each place that TOML has.
fn values() -> Vec<String> {
    vec![
        format!("\"{MARK}\""),
        format!("'{MARK}'"),
        format!("\"\"\"\n{MARK}\n{MARK} = 1\"\"\""),
        format!("[\"{MARK}\", [\"{MARK}\"],\n  \"{MARK}\"]"),
        format!("{{ inner = \"{MARK}\" }}"),
        format!("{{ inner = 1, outer = \"{MARK}\" }}"),
        format!("{{ {MARK} = \"{MARK}\" }}"),
        format!("{{ Two = \"{MARK}\" }}"),
        format!("[{{ inner = 1 }}, {{ inner = {{ {MARK} = 1 }} }}]"),
        format!("300 # {MARK}"),
        format!("\"{MARK}"),
        format!("{MARK}"),
        format!("[1,\n\"{MARK}\"\n{MARK}"),
        format!("\"\"\"{MARK}"),
        format!("1 {MARK}"),
    ]
}

fn leaks<T: Value>(name: &str) {
    for secret in [false, true] {
        for value in values() {
            let section = format!("[tasks.poll]\nfoo = {value}\n");
            let dotted = format!("tasks.poll.foo = {value}\n");
            let list = format!("[tasks]\npoll = {{ foo = {value} }}\n");
            for file in [section, dotted, list] {
                let text = texts_of::<T>(secret, &file, &[]);
                assert!(!text.to_lowercase().contains(MARK), "{name}, secret {secret}:\n{file}\n{text}");
            }
            for variable in ["LIFESPAN__TASKS__POLL__FOO", "FOO"] {
                for text in [value.as_str(), value.trim_matches('"')] {
                    let told = texts_of::<T>(secret, "", &[(variable, text)]);
                    assert!(!told.to_lowercase().contains(MARK), "{name}, secret {secret}: {variable}={text}\n{told}");
                }
            }
        }
    }
}

#[test]
fn no_message_about_a_value_shows_it() {
    leaks::<u8>("u8");
    leaks::<i128>("i128");
    leaks::<f64>("f64");
    leaks::<bool>("bool");
    leaks::<char>("char");
    leaks::<String>("String");
    leaks::<Option<u8>>("Option<u8>");
    leaks::<Duration>("Duration");
    leaks::<IpAddr>("IpAddr");
    leaks::<()>("()");
    leaks::<Vec<u8>>("Vec<u8>");
    leaks::<Vec<String>>("Vec<String>");
    leaks::<(u8, u8)>("(u8, u8)");
    leaks::<BTreeMap<u8, u8>>("BTreeMap<u8, u8>");
    leaks::<BTreeMap<String, u8>>("BTreeMap<String, u8>");
    leaks::<Strict>("Strict");
    leaks::<Vec<Strict>>("Vec<Strict>");
    leaks::<Choice>("Choice");
    leaks::<Untagged>("Untagged");
    leaks::<Talkative>("Talkative");
    leaks::<Picky>("Picky");
    leaks::<toml::value::Datetime>("Datetime");
    leaks::<Vec<Talkative>>("Vec<Talkative>");
    leaks::<Explosive>("Explosive");
}

#[test]
fn a_name_right_of_an_equals_sign_is_a_part_of_a_value() {
    for (file, what) in [
        (format!("[tasks]\npoll = {{ {MARK} = 1 }}"), "unknown argument"),
        (format!("[tasks]\npoll = [{{ {MARK} = 1 }}]"), "unknown argument"),
        (format!("tasks = {{ {MARK} = {{ }} }}"), "no unit"),
    ] {
        let told = texts_of::<Option<u8>>(false, &file, &[]);
        assert!(told.contains(what) && !told.contains(MARK), "{file}\n{told}");
    }
}

#[test]
fn the_words_of_a_type_are_kept_for_a_value_and_dropped_for_a_secret() {
    let file = format!("[tasks.poll]\nfoo = '{MARK}'");
    let told = texts_of::<Talkative>(false, &file, &[]);
    assert!(told.contains("is not good enough"), "{told}");
    let told = texts_of::<Talkative>(true, &file, &[]);
    assert!(told.contains("its type does not accept the value"), "{told}");
    assert!(!told.contains("good enough"), "{told}");
}

#[test]
fn a_hint_of_what_a_secret_looks_like_is_not_given() {
    let told = texts_of::<Choice>(false, "[tasks.poll]\nfoo = 'Onee'", &[]);
    assert!(told.contains("did you mean `One`?"), "{told}");
    let told = texts_of::<Choice>(true, "[tasks.poll]\nfoo = 'Onee'", &[]);
    assert!(told.contains("expected one of `One`, `Two`") && !told.contains("did you mean"), "{told}");
    assert!(matches!(from_variable::<Choice>("One"), Ok(Choice::One)));
}

#[test]
fn a_secret_is_shown_by_its_first_line_only() {
    let told = texts_of::<Vec<u8>>(true, "[tasks.poll]\nfoo = [1,\n 2,\n 300]", &[]);
    assert!(told.contains("lifespan.toml:2:7") && !told.contains("lifespan.toml:4"), "{told}");
}
