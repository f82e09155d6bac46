//! No message shows a value: every type, setting and section gets a marker in every place where a value may be, and no
//! problem may contain it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::read_settings::{app_keys, policy_keys};
use super::*;

const MARK: &str = "hunter2secret";
/// The same for numbers.
const NUMBER: &str = "7070707070707";

/// Types whose own messages quote the value, as many in use do.
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
    let unit = unit("poll", vec![Argument { secret, env: Some("FOO"), ..argument("foo", "T") }]);
    let mut problems = Vec::new();
    let sources = Sources::given(Some(file), environment, &mut problems);
    let names = UnitNames::new([unit]);
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
        (format!("tasks = {{ {MARK} = {{ }} }}"), "not a unit"),
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

/// The text between a key and the end of its line, or of a few lines: valid values, and every way to break one.
fn right_sides() -> Vec<String> {
    let more = [
        "MARK==",
        "= 'MARK'",
        "\n'MARK'",
        "\n['MARK']",
        "\n[ 'MARK', 'MARK' ]",
        "# MARK\nMARK==",
        "\nMARK=",
        "-----BEGIN MARK\nMARK==\n-----END MARK",
        "'MARK' 'MARK'",
        "'MARK' = 'MARK'",
        "'MARK']",
        "'MARK'}",
        "'MARK'\nKEY = 'MARK'",
        "{ a = 'MARK' }\nKEY.a = 'MARK'",
        "{ a = 'MARK' b = 'MARK' }",
        "{ MARK = 1, MARK = 2 }",
        "{ MARK = 1\n['MARK']",
        "[[ 'MARK' ]",
        "['MARK' 'MARK']",
        "[{ a = 'MARK' }, 'MARK']",
        "\"MARK \\q\"",
        "\"MARK \\u{110000}\"",
        "'MARK\nMARK'",
        "'''MARK\nMARK''' MARK",
        "\"\"\"MARK\nMARK\"\"\" MARK",
        "\"\"\"\nMARK\"\"\"\"\"\"",
        "1979-05-27T07:32:00Z MARK",
        "1979-05-27MARK",
        "MARK1979-05-27",
        "true MARK",
        "0xMARK",
        "\"MARK\u{1}\"",
        "'x' # MARK\u{1}",
        "NUMBER",
        "-NUMBER",
        "NUMBER.5",
        "NUMBER_",
        "0NUMBER",
        "'NUMBER'",
        "'NUMBERs x'",
        "'NUMBERy'",
        "'NUMBERs..1s'",
        "'NUMBER * * * *'",
        "'*/NUMBER * * * *'",
        "'Europe/MARK'",
        "'parallel(NUMBER)'",
        "[NUMBER, 'x']",
        "{ secs = NUMBER, nanos = 'x' }",
    ];
    values().into_iter().chain(more.map(str::to_owned)).collect()
}

/// Lines that are not TOML, with a value in them.
const LINES: [&str; 18] = [
    "KEY:\n['MARK']",
    "KEY\n['MARK', 1]",
    "KEY:\n- 'MARK'",
    "KEY 'MARK\nMARK'",
    "KEY '''MARK\nMARK = MARK",
    "KEY 'MARK'",
    "KEY MARK",
    "KEY: 'MARK'",
    "KEY 'MARK' = 1",
    "KEY. = 'MARK'",
    "KEY\n= 'MARK'",
    "= 'MARK'",
    "['MARK', 'MARK']",
    "[KEY = 'MARK']",
    "[KEY 'MARK']",
    "[KEY 'MARK'",
    "[x] KEY = 'MARK'",
    "[[x] KEY = 'MARK'",
];

const SECTIONS: [&str; 12] = [
    "",
    "[lifespan]",
    "[lifespan.policy]",
    "[lifespan.policy.poll]",
    "[lifespan.policy.other]",
    "[ lifespan . policy . 'poll' ] # MARK",
    "[tasks]",
    "[tasks.poll]",
    "[[tasks.poll]]",
    "[tasks.poll.foo]",
    "[tasks.other]",
    "[other]",
];

#[test]
fn no_section_shows_a_value_whatever_is_wrong_there() {
    let common = ["foo", "'f o'.b", "poll", "policy.poll"];
    let keys = SECTIONS.iter().flat_map(|section| common.iter().map(move |key| (*section, (*key).to_owned())));
    let settings = app_keys().map(|setting| ("[lifespan]", setting.to_owned()));
    let policies = policy_keys().map(|setting| ("[lifespan.policy.poll]", setting.to_owned()));
    let dotted = policy_keys().map(|setting| ("", format!("lifespan.policy.poll.{setting}")));
    for (section, key) in keys.chain(settings).chain(policies).chain(dotted) {
        let lines = right_sides().into_iter().map(|value| format!("KEY = {value}"));
        let dense = right_sides().into_iter().map(|value| format!("KEY={value}"));
        let all = lines.chain(dense.filter(|_| key == "foo")).chain(LINES.map(str::to_owned));
        for lines in all {
            let file = format!("{section}\n{lines}\nlast = 'MARK'\n");
            let file = file.replace("KEY", &key).replace("MARK", MARK).replace("NUMBER", NUMBER);
            assert_shows_no_value(&file, &[]);
        }
    }
}

#[test]
fn no_variable_shows_its_value_whatever_is_wrong_with_it() {
    let names = app_keys().map(|setting| format!("LIFESPAN_APP__{}", setting.to_uppercase()));
    let policies = policy_keys().map(|setting| format!("LIFESPAN_POLICY__POLL__{}", setting.to_uppercase()));
    let others = ["LIFESPAN_APP__X", "LIFESPAN_APP_GRACE", "LIFESPAN_POLICY__POLL__X", "LIFESPAN__TASKS__POLL__X"];
    for name in names.chain(policies).chain(others.map(str::to_owned)) {
        for value in right_sides() {
            let value = value.replace("MARK", MARK).replace("NUMBER", NUMBER);
            for value in [value.as_str(), value.trim_matches('\'')] {
                assert_shows_no_value("", &[(&name, value)]);
            }
        }
    }
}

#[track_caller]
fn assert_shows_no_value(file: &str, environment: &[(&str, &str)]) {
    let texts = [texts_of::<Strict>(false, file, environment), settings_texts(file, environment)].join("\n");
    let shows = [MARK, NUMBER].into_iter().any(|mark| texts.to_lowercase().contains(mark));
    assert!(!shows, "{file}\n{environment:?}\n{texts}");
}

/// The app's settings and a unit's policy.
fn settings_texts(file: &str, environment: &[(&str, &str)]) -> String {
    let unit = unit("poll", Vec::new());
    let mut problems = Vec::new();
    let sources = Sources::given(Some(file), environment, &mut problems);
    let _ = sources.settings(&mut problems);
    let _ = sources.policy(&UnitNames::new([unit]), unit, "poll", &mut problems);
    problems.iter().map(|problem| format!("{problem}\n{problem:?}")).collect::<Vec<_>>().join("\n")
}
