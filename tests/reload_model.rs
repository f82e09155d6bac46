//! Rules 38 to 40 against a model: whatever files come one after another, what runs is what the last sound one says, with
//! its arguments; what need not restart does not; and all that stops and starts does so in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Mutex;

use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
use tokio::runtime::Builder;

/// A unit that starts, with its argument, or that has been asked to stop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Starts(String, u8),
    Goes(String),
}

static STORY: Mutex<Vec<Step>> = Mutex::new(Vec::new());

fn starts(unit: &str, argument: u8) {
    STORY.lock().unwrap().push(Step::Starts(unit.to_owned(), argument));
}

fn goes(unit: &str) {
    STORY.lock().unwrap().push(Step::Goes(unit.to_owned()));
}

fn story() -> Vec<Step> {
    std::mem::take(&mut *STORY.lock().unwrap())
}

#[lifespan_context(configured)]
async fn base(value: u8, scope: Scope<u8>) {
    starts("base", value);
    scope.provide_until_shutdown(value).await;
    goes("base");
}

#[lifespan_context(configured)]
async fn pool(value: u8, base: Res<u8>, scope: Scope<u16>) {
    starts("pool", value);
    scope.provide_until_shutdown(u16::from(*base)).await;
    goes("pool");
}

#[lifespan_task(configured)]
async fn user(#[config(key)] name: String, value: u8, pool: Res<u16>, shutdown: Shutdown) {
    let name = format!("user[{name}]");
    starts(&name, value);
    shutdown.requested().await;
    drop(pool);
    goes(&name);
}

/// Does without a base where there is none.
#[lifespan_task(configured)]
async fn lax(value: u8, base: Option<Res<u8>>, shutdown: Shutdown) {
    starts("lax", value);
    shutdown.requested().await;
    drop(base);
    goes("lax");
}

#[lifespan_task(configured)]
async fn probe(#[config(key)] name: String, value: u8, shutdown: Shutdown) {
    let name = format!("probe[{name}]");
    starts(&name, value);
    shutdown.requested().await;
    goes(&name);
}

/// Is after a task that may not be there.
#[lifespan_task(configured, after(lax))]
async fn late(value: u8, shutdown: Shutdown) {
    starts("late", value);
    shutdown.requested().await;
    goes("late");
}

/// Always there: a file without any is an error.
#[lifespan_task]
async fn stays(#[config(default = 0)] value: u8, shutdown: Shutdown) {
    starts("stays", value);
    shutdown.requested().await;
    goes("stays");
}

/// What a file has: each unit's argument.
type File = BTreeMap<String, u8>;

fn function(unit: &str) -> &str {
    unit.split('[').next().unwrap()
}

fn key(unit: &str) -> Option<&str> {
    Some(unit.split_once('[')?.1.trim_end_matches(']'))
}

fn text(file: &File) -> String {
    let mut text = String::new();
    for (unit, value) in file {
        match key(unit) {
            Some(key) => writeln!(text, "[[tasks.{}]]\nname = '{key}'\nvalue = {value}", function(unit)).unwrap(),
            None => writeln!(text, "[tasks.{unit}]\nvalue = {value}").unwrap(),
        }
    }
    text
}

/// Returns the unit that this one needs, if it is registered: it starts after that and restarts with it.
fn needs(unit: &str) -> Option<&'static str> {
    match function(unit) {
        "pool" | "lax" => Some("base"),
        "user" => Some("pool"),
        "late" => Some("lax"),
        _ => None,
    }
}

fn is_sound(file: &File) -> bool {
    file.keys()
        .all(|unit| needs(unit).is_none_or(|need| matches!(unit.as_str(), "lax" | "late") || file.contains_key(need)))
}

/// Whether it stops or starts because of what it needs, or because of itself.
fn is_touched(unit: &str, before: &File, after: &File) -> bool {
    if before.get(unit) != after.get(unit) {
        return true;
    }
    needs(unit).is_some_and(|need| match (before.contains_key(need), after.contains_key(need)) {
        // What is new has to be taken by what did without; being after it is no use of it.
        (false, true) => unit != "late",
        (false, false) => false,
        (true, _) => is_touched(need, before, after),
    })
}

/// A generator of numbers that look random: an addition and a mix.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 29)) % limit
    }
}

const UNITS: [&str; 11] =
    ["base", "pool", "user[a]", "user[b]", "lax", "late", "probe[a]", "probe[b]", "probe[c]", "probe[d]", "stays"];

fn change(file: &mut File, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let unit = UNITS[usize::try_from(numbers.below(UNITS.len() as u64)).unwrap()];
        if numbers.below(3) == 0 {
            file.remove(unit);
        } else {
            // Not zero: that the file says what is the default anyway is a change as well.
            file.insert(unit.to_owned(), u8::try_from(1 + numbers.below(3)).unwrap());
        }
    }
}

/// Each unit stops before the unit that it needs; then each unit starts after the unit that it needs.
fn check_order(story: &[Step], case: &str) {
    let first_start = story.iter().position(|step| matches!(step, Step::Starts(..))).unwrap_or(story.len());
    let (stops, starts) = story.split_at(first_start);
    assert!(starts.iter().all(|step| matches!(step, Step::Starts(..))), "{case}: {story:?}");
    let name = |step: &Step| match step {
        Step::Starts(unit, _) | Step::Goes(unit) => unit.clone(),
    };
    for (steps, comes_first) in [(stops, false), (starts, true)] {
        let units: Vec<String> = steps.iter().map(name).collect();
        for (place, unit) in units.iter().enumerate() {
            let need = needs(unit).and_then(|need| units.iter().position(|other| other == need));
            assert!(need.is_none_or(|need| (need < place) == comes_first), "{case}: {story:?}");
        }
    }
}

async fn run(seed: u64, concurrently: bool) {
    let mut numbers = Numbers(seed);
    let mut file = File::new();
    std::fs::write("lifespan.toml", text(&file)).unwrap();
    let app = if concurrently { App::new().concurrent_startup() } else { App::new() };
    let app = app.without_signals();
    let running = app.start().await.unwrap();
    story();
    // `stays` is there without a table as well.
    let with_all = |file: &File| {
        let mut all = file.clone();
        all.entry("stays".to_owned()).or_insert(0);
        all
    };
    for round in 0..150 {
        let mut next = file.clone();
        change(&mut next, &mut numbers);
        let case = format!("seed {seed}, round {round}, {file:?} then {next:?}");
        std::fs::write("lifespan.toml", text(&next)).unwrap();
        let answer = app.reload().await;
        let story = story();
        assert_eq!(answer.is_ok(), is_sound(&next), "{case}: {answer:?}");
        if answer.is_err() {
            assert!(story.is_empty(), "{case}: {story:?}");
            continue;
        }
        let (before, after) = (with_all(&file), with_all(&next));
        let units: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let touched: Vec<&String> = units.into_iter().filter(|unit| is_touched(unit, &before, &after)).collect();
        let stops = touched.iter().filter(|unit| before.contains_key(**unit)).map(|unit| Step::Goes((*unit).clone()));
        let starts = touched.iter().filter_map(|unit| Some(Step::Starts((*unit).clone(), *after.get(*unit)?)));
        let mut expected: Vec<Step> = stops.chain(starts).collect();
        expected.sort();
        let mut happened = story.clone();
        happened.sort();
        assert_eq!(happened, expected, "{case}: {answer:?}");
        check_order(&story, &case);
        let names: BTreeSet<String> = app.registered().iter().map(lifespan::Registered::name).collect();
        assert_eq!(names, after.keys().cloned().collect(), "{case}");
        file = next;
    }
    let report = running.stop().await;
    assert!(report.is_success(), "seed {seed}: {report}");
    assert_eq!(story().len(), with_all(&file).len(), "seed {seed}: all that ran has stopped");
}

/// The one test in this file: the working directory is the process's.
#[test]
fn whatever_files_come_what_runs_is_what_the_last_sound_one_says() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("reload-model");
    std::fs::create_dir_all(&directory).unwrap();
    std::env::set_current_dir(directory).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for seed in 0..6 {
        runtime.block_on(run(seed, seed % 2 == 1));
    }
}
