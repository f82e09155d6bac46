//! Keyword arguments from file, environment and code, and what bad ones get: real processes, since both belong to one.
//!
//! The test binary runs itself again as the program: with `PROGRAM` set, the test of that name is `main`.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use lifespan::{App, lifespan_task};

/// Prints its arguments.
#[lifespan_task(once)]
async fn poll(
    /// Where to look.
    url: String,
    #[config(default = 3)] retries: u8,
    #[config(default = Duration::from_secs(5))] every: Duration,
    #[config(env = "POLL_TOKEN", secret, default = "none")] token: String,
    tags: Option<Vec<String>>,
) {
    println!("poll {url} {retries} {every:?} {} {tags:?}", token.len());
}

/// One for each site.
#[lifespan_task(once, configured)]
async fn probe(#[config(key)] site: String, port: u16) {
    println!("probe {site} {port}");
}

/// Fails twice, then returns.
#[lifespan_task(once, configured)]
async fn flaky() -> Result<(), String> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static TRIES: AtomicU32 = AtomicU32::new(0);
    match TRIES.fetch_add(1, Ordering::Relaxed) {
        2 => Ok(()),
        tried => Err(format!("try {tried}")),
    }
}

const PROGRAM: &str = "LIFESPAN_TEST_PROGRAM";

/// The program itself; nothing where it is not asked to be.
#[test]
fn program() {
    let Ok(how) = std::env::var(PROGRAM) else { return };
    let app = App::new();
    if how == "code" {
        let loaded = PollConfig::load().unwrap();
        app.register(PollConfig { retries: 9, ..loaded }).unwrap();
    }
    if how == "both" {
        app.register(PollConfig::new("http://code".into(), None)).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(app.launch());
    println!("{report}");
    std::process::exit(report.exit_code().into());
}

/// Runs the program with this file and these variables.
fn run(how: &str, file: Option<&str>, variables: &[(&str, &str)]) -> (i32, String) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("configuration-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    if let Some(file) = file {
        std::fs::write(directory.join("lifespan.toml"), file).unwrap();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "program", "--nocapture"]).current_dir(&directory).env(PROGRAM, how);
    for (name, value) in variables {
        command.env(name, value);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.code().unwrap(), text)
}

#[track_caller]
fn expect(got: &(i32, String), code: i32, words: &[&str]) {
    assert_eq!(got.0, code, "{}", got.1);
    for word in words {
        assert!(got.1.contains(word), "no {word:?} in:\n{}", got.1);
    }
}

#[test]
fn the_environment_counts_more_than_the_file_and_the_file_more_than_defaults() {
    let file = "[tasks.poll]\nurl = 'http://file'\nretries = 4\nevery = '1m30s'\ntags = ['a', 'b']\n";
    expect(&run("", Some(file), &[]), 0, &["poll http://file 4 90s 4 Some([\"a\", \"b\"])"]);
    let variables = [
        ("LIFESPAN__TASKS__POLL__URL", "007"),
        ("LIFESPAN__TASKS__POLL__RETRIES", "5"),
        ("LIFESPAN__TASKS__POLL__TAGS", "['c']"),
        ("POLL_TOKEN", "12345678"),
    ];
    expect(&run("", Some(file), &variables), 0, &["poll 007 5 90s 8 Some([\"c\"])"]);
    expect(&run("", None, &variables[..1]), 0, &["poll 007 3 5s 4 None"]);
}

#[test]
fn code_changes_one_field_of_what_the_layers_give() {
    expect(&run("code", Some("[tasks.poll]\nurl = 'http://file'\n"), &[]), 0, &["poll http://file 9 5s 4 None"]);
}

#[test]
fn rule_2_each_table_registers_an_instance_named_by_its_key() {
    let file =
        "[tasks.poll]\nurl = 'u'\n[[tasks.probe]]\nsite = 'home'\nport = 1\n[[tasks.probe]]\nsite = 'work'\nport = 2\n";
    expect(&run("", Some(file), &[]), 0, &["probe home 1", "probe work 2", "probe[home]", "probe[work]"]);
    let twice = file.replace("work", "home");
    expect(&run("", Some(&twice), &[]), 2, &["two registrations are named `probe[home]`"]);
}

#[test]
fn rule_29_a_policy_has_a_unit_restart_that_declares_nothing() {
    let file = "[lifespan.policy.poll]\nenabled = false\n[tasks.flaky]\n[lifespan.policy.flaky]\nrestart = 'transient'\n\
                restart_backoff = '0s'\n";
    expect(&run("", Some(file), &[]), 0, &["flaky  returned", "restarted 2 times"]);
    let less = ("LIFESPAN_POLICY__FLAKY__RESTART_INTENSITY", "1");
    expect(&run("", Some(file), &[less]), 1, &["`flaky` failed during startup: try 1"]);
    let wrong = ("LIFESPAN_POLICY__FLAKY__RESTART", "always");
    expect(&run("", Some(file), &[wrong]), 2, &["variable LIFESPAN_POLICY__FLAKY__RESTART", "\"transient\""]);
}

#[test]
fn a_policy_disables_a_unit_and_settings_bound_the_stop() {
    let file = "[lifespan]\nshutdown_timeout = '3s'\n[lifespan.policy.poll]\nenabled = false\n";
    expect(&run("", Some(file), &[]), 2, &["nothing is registered", "disabled"]);
}

#[test]
fn a_variable_with_an_underscore_too_few_is_reported() {
    let variables =
        [("LIFESPAN_APP_GRACE", "1s"), ("LIFESPAN_POLICY_POLL_ENABLED", "false"), ("LIFESPAN_SHUTDOWN_TIMEOUT", "5s")];
    let got = run("", Some("[tasks.poll]\nurl = 'u'\n"), &variables);
    expect(
        &got,
        2,
        &[
            "3 problems",
            "`LIFESPAN_APP__GRACE`",
            "`LIFESPAN_APP__SHUTDOWN_TIMEOUT`",
            "`LIFESPAN_POLICY__POLL__ENABLED`",
        ],
    );
}

#[test]
fn rule_54_the_variables_of_a_kubernetes_service_are_none_of_ours() {
    let variables = [
        ("LIFESPAN_APP_SERVICE_HOST", "10.0.0.1"),
        ("LIFESPAN_APP_SERVICE_PORT", "8080"),
        ("LIFESPAN_APP_PORT", "tcp://10.0.0.1:8080"),
        ("LIFESPAN_APP_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("LIFESPAN__TASKS_SERVICE_HOST", "10.0.0.2"),
        ("LIFESPAN__TASKS_SERVICE_PORT", "80"),
        ("LIFESPAN__TASKS_PORT", "tcp://10.0.0.2:80"),
    ];
    expect(&run("", Some("[tasks.poll]\nurl = 'u'\n"), &variables), 0, &["poll u 3"]);
}

#[test]
fn rule_55_a_secret_under_a_lost_header_is_not_shown() {
    let file = "[tasks.poll]\nurl = 'u'\n[lifespan.policy.poll]\ntoken = 'secret-word'\n";
    let got = run("", Some(file), &[]);
    expect(&got, 2, &["`[lifespan.policy.poll]` has no setting `token`", "token = …"]);
    assert!(!got.1.contains("secret-word"), "{}", got.1);
    let got = run("", Some(&file.replace("'secret", "secret")), &[]);
    expect(&got, 2, &["lifespan.toml:4:9", "token = …"]);
    assert!(!got.1.contains("secret-word"), "{}", got.1);
}

#[test]
fn a_policy_disables_one_instance_by_its_name() {
    let file = "[tasks.poll]\nurl = 'u'\n[[tasks.probe]]\nsite = 'home'\nport = 1\n[[tasks.probe]]\nsite = 'work'\nport = 2\n\
                [lifespan.policy.'probe[home]']\nenabled = false\n";
    let got = run("", Some(file), &[]);
    expect(&got, 0, &["probe work 2"]);
    assert!(!got.1.contains("probe home"), "{}", got.1);
}

#[test]
fn bad_input_is_reported_at_once_before_anything_ran() {
    let file =
        "[tasks.poll]\nretries = 300\nevry = '5s'\n[tasks.pol]\n[[tasks.probe]]\nsite = 'home'\nport = 'secret-word'\n";
    let got = run("", Some(file), &[("LIFESPAN__TASKS__POLL__URI", "x")]);
    expect(
        &got,
        2,
        &[
            "nothing was started: 6 problems",
            "`url",
            "lifespan.toml:2:11",
            "retries = …",
            "`evry`",
            "`every`",
            "`tasks.pol` is not a unit",
            "lifespan.toml:7:8",
            "LIFESPAN__TASKS__POLL__URI",
        ],
    );
    assert!(!got.1.contains("secret-word") && !got.1.contains("poll http"), "{}", got.1);
}

#[test]
fn a_broken_file_and_a_missing_one_are_reported_with_their_place() {
    expect(&run("", Some("[tasks.poll]\nurl = \n"), &[]), 2, &["lifespan.toml:2:"]);
    expect(&run("", None, &[("LIFESPAN_CONFIG", "elsewhere.toml")]), 2, &["elsewhere.toml", "LIFESPAN_CONFIG"]);
    // What a file that can't be read would register is not known to be missing.
    let broken = "[lifespan.policy.poll]\nenabled = false\n[[tasks.probe]]\nsite = 'home\n";
    let got = run("", Some(broken), &[("LIFESPAN_POLICY__POLL__ENABLED", "false")]);
    expect(&got, 2, &["1 problem,", "lifespan.toml:4:"]);
}

#[cfg(unix)]
#[test]
fn rule_53_what_is_no_regular_file_is_refused_and_dev_null_is_an_empty_file() {
    expect(&run("", None, &[("LIFESPAN_CONFIG", ".")]), 2, &[". can't be read: it is a directory", "LIFESPAN_CONFIG"]);
    let fifo = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("configuration-fifo");
    let _ = std::fs::remove_file(&fifo);
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let got = run("", None, &[("LIFESPAN_CONFIG", fifo.to_str().unwrap())]);
    expect(&got, 2, &["configuration-fifo can't be read: it is a FIFO", "LIFESPAN_CONFIG"]);
    let variables = [("LIFESPAN_CONFIG", "/dev/null"), ("LIFESPAN__TASKS__POLL__URL", "u")];
    expect(&run("", Some("what is no TOML"), &variables), 0, &["poll u 3"]);
}

#[test]
fn a_table_for_a_unit_that_code_registers_names_the_call() {
    let got = run("both", Some("[tasks.poll]\nurl = 'http://file'\n"), &[]);
    expect(&got, 2, &["configuration.rs:53:", "lifespan.toml:1:"]);
}

#[test]
fn rule_46_of_16_000_unknown_keys_the_first_are_listed_and_the_others_counted() {
    use std::fmt::Write as _;
    let mut file = String::from("[tasks.poll]\nurl = 'u'\n");
    (0..16_000).for_each(|number| writeln!(file, "key{number} = {number}").unwrap());
    let got = run("", Some(&file), &[]);
    expect(&got, 2, &["nothing was started: 16000 problems", "`key0`", "`key49`", "and 15950 more problems"]);
    assert!(!got.1.contains("`key50`") && got.1.len() < 20_000, "{} bytes", got.1.len());
    let inline: Vec<String> = (0..2_000).map(|number| format!("key{number} = {number}")).collect();
    let got = run("", Some(&format!("tasks.poll = {{ url = 'u', {} }}\n", inline.join(", "))), &[]);
    expect(&got, 2, &["2000 problems"]);
    assert!(got.1.len() < 20_000, "{} bytes", got.1.len());
    let got = run("", Some(&format!("[tasks.poll]\nurl = 'u'\n{} = 1\n", "k".repeat(1_000_000))), &[]);
    expect(&got, 2, &["1 problem", " more bytes)"]);
    assert!(got.1.len() < 20_000, "{} bytes", got.1.len());
}

#[test]
fn rule_44_the_name_of_the_file_forges_no_line() {
    let got = run("", None, &[("LIFESPAN_CONFIG", "no\nFORGED\u{1b}[2J\u{202e}.toml")]);
    expect(&got, 2, &["no\\nFORGED\\u{1b}[2J\\u{202e}.toml can't be read"]);
}
