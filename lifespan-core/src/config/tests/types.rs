//! Every type of value, from the file and from a variable: what is read, and the message if it can't be read.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    max: u8,
    #[serde(default)]
    pause: Duration,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Fast,
    Careful,
    Every(Duration),
    Between { min: u8, max: u8 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Tagged {
    Tcp { port: u16 },
    Unix { path: String },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Celsius(f64);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(try_from = "u32")]
struct Even(u32);

impl TryFrom<u32> for Even {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if number.is_multiple_of(2) { Ok(Self(number)) } else { Err(format!("{number} is odd")) }
    }
}

#[track_caller]
fn both<T: Value + PartialEq + std::fmt::Debug>(file: &str, variable: &str, expected: &T) {
    let read: T = from_file(file).unwrap_or_else(|problem| panic!("{file}: {problem}"));
    assert_eq!(read, *expected, "file: {file}");
    let read: T = from_variable(variable).unwrap_or_else(|problem| panic!("{variable}: {problem}"));
    assert_eq!(read, *expected, "variable: {variable}");
}

#[test]
fn reads_every_type_from_both_sources() {
    both("42", "42", &42_u32);
    both("-128", " -128\n", &i8::MIN);
    both("0xff", "255", &u8::MAX);
    both("18446744073709551615", "18446744073709551615", &u64::MAX);
    both("-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728", &i128::MIN);
    both("1_000", "1000", &NonZeroU32::new(1_000).expect("not zero"));
    both("1.5", "1.5", &1.5_f64);
    both("2", "2", &2.0_f32);
    both("inf", "inf", &f64::INFINITY);
    both("true", "true", &true);
    both("\"x\"", "x", &'x');
    both("\"007\"", "007", &"007".to_owned());
    both("\"/var\"", "/var", &PathBuf::from("/var"));
    both("\"::1\"", "::1", &"::1".parse::<IpAddr>().expect("an address"));
    both("5", "5", &Some(5_u8));
    both("[1, 2]", "[1, 2]", &vec![1_u8, 2]);
    both("[\"a\", 1]", "['a', 1]", &("a".to_owned(), 1_u8));
    both("{ a = 1 }", "{ a = 1 }", &BTreeMap::from([("a".to_owned(), 1_u8)]));
    both("{ 7 = true }", "{ 7 = true }", &BTreeMap::from([(7_u8, true)]));
    both("{ max = 3, pause = \"2s\" }", "{ max = 3, pause = '2s' }", &Retry { max: 3, pause: Duration::from_secs(2) });
    both("\"fast\"", "fast", &Mode::Fast);
    both("{ every = \"1m\" }", "{ every = '1m' }", &Mode::Every(Duration::from_secs(60)));
    both("{ between = { min = 1, max = 2 } }", "{ between = { min = 1, max = 2 } }", &Mode::Between { min: 1, max: 2 });
    both("{ type = \"tcp\", port = 80 }", "{ type = 'tcp', port = 80 }", &Tagged::Tcp { port: 80 });
    both("21.5", "21.5", &Celsius(21.5));
    both("4", "4", &Even(4));
    both("1979-05-27", "1979-05-27", &"1979-05-27".parse::<toml::value::Datetime>().expect("a date"));
}

#[test]
fn reads_durations_at_any_depth() {
    both("\"5s\"", "5s", &Duration::from_secs(5));
    both("\"1h30m\"", "1h30m", &Some(Duration::from_secs(5_400)));
    both("[\"500ms\", \"2d\"]", "['500ms', '2d']", &vec![Duration::from_millis(500), Duration::from_secs(172_800)]);
    both("{ a = [\"1s\"] }", "{ a = ['1s'] }", &BTreeMap::from([("a".to_owned(), vec![Duration::from_secs(1)])]));
}

#[test]
fn a_text_is_never_guessed() {
    for text in ["007", "true", "1e3", "2024-01-01", "[x", "{x}", " padded "] {
        assert_eq!(from_variable::<String>(text).expect(text), text);
    }
    assert!(from_file::<String>("7").is_err());
    assert!(from_file::<String>("2024-01-01").is_err());
    assert!(from_file::<u8>("\"7\"").is_err());
}

#[test]
fn empty_counts_as_unset_but_for_strings() {
    assert_eq!(from_variable::<String>("").expect("a string may be empty"), "");
    assert_eq!(from_variable::<Option<String>>("").expect("unset"), None);
    let file = Some("[tasks.poll]\nfoo = 5");
    let environment = [("LIFESPAN__TASKS__POLL__FOO", "")];
    assert_eq!(one(bind_first::<u8>(poll("u8"), file, &environment)).expect("the file's"), 5);
    let file = Some("[tasks.poll]\nfoo = \"::1\"");
    assert!(one(bind_first::<IpAddr>(poll("IpAddr"), file, &environment)).is_ok());
    let problem = from_variable::<u8>("").expect_err("nothing is left");
    assert_one(&[problem], ProblemKind::MissingArgument, &["set but empty"]);
}

#[track_caller]
fn wrong<T: Value>(read: fn(&str) -> Result<T, Problem>, value: &str, parts: &[&str]) {
    let problem = read(value).err().unwrap_or_else(|| panic!("{value} was read"));
    assert_one(&[problem], ProblemKind::IllTypedArgument, parts);
}

#[test]
fn says_what_is_wrong_with_a_value_of_the_file_and_where() {
    let at = "lifespan.toml:2:7";
    wrong::<u32>(
        from_file,
        "\"x\"",
        &["`tasks.poll.foo`", "expected u32, found a string", at, "foo = …", "^", "src/main.rs:20:5"],
    );
    wrong::<u8>(from_file, "300", &["expected u8, found a number out of its range (0 to 255)", at]);
    wrong::<u8>(from_file, "-1", &["out of its range (0 to 255)"]);
    wrong::<u64>(from_file, "99999999999999999999", &["out of its range"]);
    wrong::<f32>(from_file, "1e300", &["expected f32, found a number out of its range"]);
    wrong::<NonZeroU32>(from_file, "0", &["expected a nonzero u32"]);
    wrong::<bool>(from_file, "1", &["expected a boolean, found an integer"]);
    wrong::<char>(from_file, "\"xy\"", &["expected a character"]);
    wrong::<Duration>(from_file, "5", &["found a number without a unit; write it as in \"5s\""]);
    wrong::<Duration>(from_file, "\"5 parsecs\"", &["a duration has the units", at]);
    wrong::<Vec<u8>>(from_file, "[1, 300]", &["`tasks.poll.foo[1]`", "lifespan.toml:2:11"]);
    wrong::<Vec<u8>>(from_file, "7", &["expected an array, found an integer"]);
    wrong::<(u8, u8)>(from_file, "[1, 2, 3]", &["more elements", "lifespan.toml:2:14"]);
    wrong::<(u8, u8)>(from_file, "[1]", &["a different number of elements"]);
    wrong::<Retry>(from_file, "7", &["expected a table for `Retry`, found an integer"]);
    wrong::<Retry>(from_file, "{ max = 300 }", &["`tasks.poll.foo.max`", "lifespan.toml:2:15"]);
    wrong::<Retry>(
        from_file,
        "{ max = 3, pause = 2 }",
        &["`tasks.poll.foo.pause`", "without a unit", "lifespan.toml:2:26"],
    );
    wrong::<Retry>(
        from_file,
        "{ mxa = 3 }",
        &["valid names: `max`, `pause`; did you mean `max`?", "lifespan.toml:2:9"],
    );
    wrong::<Retry>(from_file, "{ }", &["the field `max` is missing", at]);
    wrong::<Mode>(
        from_file,
        "\"fats\"",
        &["expected one of `fast`, `careful`, `every`, `between`", "did you mean `fast`?"],
    );
    wrong::<Mode>(from_file, "\"every\"", &["expected a variant with a value"]);
    wrong::<Mode>(from_file, "{ fast = 1 }", &["expected the variant's name alone"]);
    wrong::<Mode>(
        from_file,
        "{ between = { min = 1, max = 256 } }",
        &["`tasks.poll.foo.between.max`", "lifespan.toml:2:36"],
    );
    wrong::<Mode>(from_file, "{ }", &["not exactly one key"]);
    wrong::<Tagged>(from_file, "{ type = \"tpc\" }", &["did you mean `tcp`?"]);
    wrong::<Even>(from_file, "3", &["… is odd", at]);
    wrong::<BTreeMap<String, u8>>(from_file, "{ abcde = 300 }", &["`tasks.poll.foo.…`", "lifespan.toml:2:17"]);
}

#[test]
fn names_the_way_to_a_value_in_tables_of_its_own() {
    let file = "[tasks.poll]\n[tasks.poll.foo]\nfirst.max = 1\nsecond.max = 300\n";
    let (_, problems) = bind_first::<BTreeMap<String, Retry>>(poll("T"), Some(file), &[]);
    assert_one(
        &problems,
        ProblemKind::IllTypedArgument,
        &["`tasks.poll.foo.second.max`", "lifespan.toml:4:14", "second.max = …"],
    );
    let file = "[[tasks.poll.foo]]\nmax = 1\n[[tasks.poll.foo]]\nmxa = 3\n";
    let (_, problems) = bind_first::<Vec<Retry>>(poll("T"), Some(file), &[]);
    assert_one(
        &problems,
        ProblemKind::IllTypedArgument,
        &["`tasks.poll.foo[1]`", "lifespan.toml:4:1", "did you mean `max`?"],
    );
}

#[test]
fn says_what_is_wrong_with_a_variable_by_its_name() {
    let variable = "LIFESPAN__TASKS__POLL__FOO";
    wrong::<u32>(
        from_variable,
        "x",
        &[variable, "expected u32, found text that is not a whole number", "src/main.rs:20:5"],
    );
    wrong::<u8>(from_variable, "300", &["out of its range (0 to 255)"]);
    wrong::<u8>(from_variable, "-1", &["out of its range (0 to 255)"]);
    wrong::<f64>(from_variable, "x", &["expected f64, found text that is not a number"]);
    wrong::<bool>(from_variable, "yes", &["neither `true` nor `false`"]);
    wrong::<Duration>(from_variable, "5", &["a duration needs a unit"]);
    wrong::<Mode>(from_variable, "fats", &["did you mean `fast`?"]);
    wrong::<Vec<u8>>(from_variable, "1,2", &["expected an array, found text that is not a TOML value"]);
    wrong::<Vec<u8>>(from_variable, "1", &["expected an array, found an integer"]);
    wrong::<Retry>(from_variable, "{ max = 300 }", &["at `max`", "out of its range"]);
}

#[derive(Debug)]
struct Explosive;

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        panic!("can't take {}", String::deserialize(deserializer)?)
    }
}

#[test]
fn a_panic_of_a_type_is_a_problem_like_any_other() {
    wrong::<Explosive>(from_file, "\"dynamite\"", &["panicked: can't take …", "lifespan.toml:2:7"]);
}
