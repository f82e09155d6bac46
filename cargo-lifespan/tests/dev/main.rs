//! `cargo lifespan dev` end to end, on a small program: real builds, processes, sockets and signals.
//!
//! The tests wait for the lines that the tool prints.
#![cfg(unix)]

mod clients;
mod tool;

use std::net::TcpListener;

use clients::Clients;
use rustix::process::Signal;
use tool::{Tool, ask};

fn answers(answers: &[&str]) -> Vec<Result<String, String>> {
    answers.iter().map(|answer| Ok((*answer).to_owned())).collect()
}

#[test]
fn an_edit_answers_on_the_same_port_and_no_client_is_refused() {
    let mut tool = Tool::start("edit");
    let address = tool.wait_until_up();
    let clients = Clients::connect(&address, 20);
    clients.wait_for("v1", 100);
    tool.edit(&[("\"v1\"", "\"v2\"")]);
    tool.wait_for_all(&["Changed src/main.rs", "Building fixture", "Compiling fixture", "Stopping fixture"]);
    // The old one's teardown is seen before the first line of the new one.
    tool.wait_for_all(&["v1 is torn down", "Stopped fixture", "Starting fixture", "v2 starts with []"]);
    assert!(tool.wait_for("Up fixture").contains("; reload took "));
    clients.wait_for("v2", 100);
    tool.edit(&[("\"v2\"", "\"v3\"")]);
    clients.wait_for("v3", 100);
    assert_eq!(clients.heard(), answers(&["v1", "v2", "v3"]));
}

#[test]
fn a_failed_build_replaces_no_process() {
    let mut tool = Tool::start("syntax");
    let address = tool.wait_until_up();
    tool.edit(&[("fn main() {", "fn main( {")]);
    tool.wait_for_all(&["error: this file contains an unclosed delimiter", "Failed to build"]);
    assert_eq!(ask(&address).expect("answered"), "v1");
    tool.edit(&[("fn main( {", "fn main() {")]);
    // The source is that of the running program, but cargo has linked it again.
    tool.wait_for_all(&["Changed src/main.rs", "v1 is torn down", "v1 starts", "Up fixture"]);
    assert_eq!(ask(&address).expect("answered"), "v1");
}

#[test]
fn the_last_good_program_starts_again_when_the_new_one_panics_at_its_start() {
    let mut tool = Tool::start("panic");
    let address = tool.wait_until_up();
    let clients = Clients::connect(&address, 20);
    clients.wait_for("v1", 100);
    tool.edit(&[("\"v1\"", "\"v2\""), ("// START", "panic!(\"broken\");")]);
    tool.wait_for_all(&["v1 is torn down", "v2 starts", "broken"]);
    tool.wait_for_all(&["Exited fixture before it was up (exit code 101", "v1 starts", "Up fixture"]);
    tool.edit(&[("panic!(\"broken\");", "// START")]);
    clients.wait_for("v2", 100);
    assert_eq!(clients.heard(), answers(&["v1", "v2"]));
}

#[test]
fn a_change_during_a_build_cancels_it() {
    let mut tool = Tool::start("cancel");
    let address = tool.wait_until_up();
    tool.write("gate", "shut");
    tool.wait_for_all(&["Changed gate", "Building fixture", "Compiling fixture"]);
    // The build waits for the gate to open. If it went on, no other would begin.
    tool.edit(&[("\"v1\"", "\"v2\"")]);
    tool.wait_for_all(&["Changed src/main.rs", "Building fixture"]);
    assert_eq!(ask(&address).expect("answered"), "v1");
    tool.write("gate", "open");
    tool.wait_for_all(&["Changed gate", "Building fixture", "v2 starts", "Up fixture"]);
    assert_eq!(ask(&address).expect("answered"), "v2");
}

#[test]
fn a_changed_config_file_restarts_the_same_binary() {
    let mut tool = Tool::start_with("config", &["--", "--verbose"]);
    tool.wait_for_all(&["v1 starts with [\"--verbose\"]", "Up fixture"]);
    tool.write("README", "not part of the build");
    tool.wait_for_all(&["Changed README", "Unchanged fixture"]);
    tool.write("lifespan.toml", "[tasks]");
    tool.wait_for_all(&["Changed lifespan.toml", "v1 is torn down", "v1 starts with [\"--verbose\"]", "Up fixture"]);
}

#[test]
fn a_program_that_reloads_its_configuration_keeps_running() {
    let mut tool = Tool::start("reload");
    tool.wait_until_up();
    tool.edit(&[("RELOADS: bool = false", "RELOADS: bool = true")]);
    tool.wait_for_all(&["v1 is torn down", "v1 starts", "Up fixture"]);
    tool.write("lifespan.toml", "[tasks]");
    tool.wait_for_all(&["Changed lifespan.toml", "Reloading the configuration", "v1 reloads its configuration"]);
    tool.signal(Signal::INT);
    let (status, lines) = tool.end();
    assert_eq!(status.code(), Some(0), "{lines}");
    assert_eq!(lines.matches("v1 starts").count(), 2, "{lines}");
}

#[test]
fn on_a_terminal_the_status_line_is_below_complete_lines() {
    let mut tool = Tool::start_on_a_terminal("terminal", 40);
    tool.wait_for("Up");
    tool.edit(&[("\"v1\"", "\"v2\""), ("STUBBORN: bool = false", "STUBBORN: bool = true")]);
    // What was drawn since the last whole line, and taken back: cut to the width.
    let drawn = tool.wait_for("Changed");
    assert!(drawn.contains("●\u{1b}[0m fixture up "), "{drawn:?}");
    assert!(drawn.contains(" s · 127.0.0.1:"), "{drawn:?}");
    assert!(drawn.split("\r\u{1b}[2K").all(|drawn| !drawn.contains("watching 5")), "{drawn:?}");
    assert!(tool.wait_for("v1 is torn down").ends_with("\u{1b}[2Kv1 is torn down"));
    tool.wait_for_all(&["Stopped", "v2 starts", "v2 never stops"]);
    tool.signal(Signal::INT);
    tool.wait_for("Stopping");
    tool.signal_until(Signal::INT, "all processes");
    let (status, lines) = tool.end();
    assert_eq!(status.code(), Some(130), "{lines}");
    // Nothing is left on the last line.
    assert!(lines.ends_with("\u{1b}[2K\n"), "{lines:?}");
}

#[test]
fn ctrl_c_stops_gracefully() {
    let mut tool = Tool::start("interrupt");
    let address = tool.wait_until_up();
    tool.signal(Signal::INT);
    tool.wait_for_all(&["Quitting", "Stopping fixture", "v1 is torn down", "Stopped fixture"]);
    let (status, lines) = tool.end();
    assert_eq!(status.code(), Some(0), "{lines}");
    TcpListener::bind(address).expect("the port is free again");
}

#[test]
fn a_second_ctrl_c_kills_the_program_and_its_child_processes() {
    let mut tool = Tool::start_with("force", &["--listen", "127.0.0.1:0"]);
    tool.wait_until_up();
    tool.edit(&[("STUBBORN: bool = false", "STUBBORN: bool = true")]);
    tool.wait_for("v1 never stops");
    tool.signal(Signal::INT);
    tool.wait_for("Stopping fixture");
    tool.signal_until(Signal::INT, "Killing all processes");
    // Its output ends: no process is left that has it open.
    let (status, lines) = tool.end();
    assert_eq!(status.code(), Some(130), "{lines}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_program_stops_when_the_tool_is_killed() {
    let mut tool = Tool::start("orphan");
    tool.wait_until_up();
    tool.signal(Signal::KILL);
    tool.wait_for("v1 is torn down");
    let (_, lines) = tool.end();
    assert!(!lines.contains("Stopping"), "{lines}");
}

#[test]
fn a_port_in_use_is_an_error_with_advice() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let (status, lines) = Tool::start_with("taken", &["--listen", &address]).end();
    assert_eq!(status.code(), Some(1));
    assert!(lines.contains(&format!("cannot listen on `{address}` (--listen)")), "{lines}");
    assert!(lines.contains("stop the process that uses it"), "{lines}");
}
