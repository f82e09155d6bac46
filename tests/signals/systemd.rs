//! The cases of systemd's protocol: what a program says to the socket that `NOTIFY_SOCKET` names.

use std::fs;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use crate::cases::{BLOCKING, directory};
use crate::process::Process;
use crate::runner::cases;
use crate::system::{SIGHUP, SIGINT, SIGTERM};

cases! {
    rule_42_systemd_hears_that_it_is_up_that_it_stops_and_how_it_ended
    rule_42_a_startup_that_fails_is_never_ready
    rule_42_a_batch_job_was_ready_before_it_stops
    rule_42_a_reload_is_reported_and_one_that_is_refused_is_shown
    rule_42_the_watchdog_is_fed_until_the_runtime_is_blocked
    rule_42_a_startup_may_go_on_as_long_as_its_limits_say
    rule_42_a_startup_without_a_limit_asks_for_no_time
    rule_42_a_check_that_is_not_healthy_is_shown
    rule_42_a_failure_that_is_ignored_is_shown
    rule_42_no_text_of_a_user_is_an_assignment
    rule_42_who_handles_no_signals_says_nothing
    rule_42_a_name_in_the_abstract_namespace_is_reached
    rule_42_an_address_that_is_not_supported_is_one_warning
    rule_42_a_socket_that_is_not_there_is_a_warning_and_no_failure
    rule_70_a_unit_that_waits_for_its_restart_is_in_the_status_line
    rule_71_a_unit_that_recovers_is_in_the_status_line_until_it_has_recovered
    rule_72_the_last_line_names_the_cause
}

/// A name that no other socket has.
fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("lifespan-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// What `NOTIFY_SOCKET` names.
struct Systemd {
    socket: UnixDatagram,
    /// Its path, or its name in the abstract namespace after an `@`.
    address: String,
}

/// No test waits longer for a message.
const PATIENCE: Duration = Duration::from_secs(60);

impl Systemd {
    fn listen() -> Self {
        let path = std::env::temp_dir().join(name());
        let address = path.to_str().expect("a path in UTF-8").to_owned();
        Self::new(&SocketAddr::from_pathname(path).expect("an address"), address)
    }

    #[cfg(target_os = "linux")]
    fn listen_in_the_abstract_namespace() -> Self {
        use std::os::linux::net::SocketAddrExt;
        let name = name();
        Self::new(&SocketAddr::from_abstract_name(&name).expect("an address"), format!("@{name}"))
    }

    fn new(bound: &SocketAddr, address: String) -> Self {
        let socket = UnixDatagram::bind_addr(bound).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { socket, address }
    }

    fn start(&self, program: &str, more: &[(&str, &str)]) -> Process {
        let mut variables = vec![("NOTIFY_SOCKET", self.address.as_str())];
        variables.extend_from_slice(more);
        let process = Process::start_with(program, &variables);
        if !program.starts_with("empty") && !program.starts_with("without-signals") {
            let units =
                program.split(' ').filter(|word| !["current", "multi", "short", "soon-stable"].contains(word)).count();
            let starting = self.message();
            assert_eq!(starting, format!("STATUS=starting, {units} unit{}\n", if units == 1 { "" } else { "s" }));
        }
        process
    }

    /// The assignments of the next message, pings left out.
    fn message(&self) -> String {
        loop {
            let message = self.any_message().expect("a message comes");
            if message != PING {
                return message;
            }
        }
    }

    fn any_message(&self) -> std::io::Result<String> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes)?;
        Ok(String::from_utf8(bytes[..length].to_vec()).expect("text"))
    }

    /// What has come and was not read.
    fn rest(&self) -> Vec<String> {
        self.socket.set_nonblocking(true).expect("a flag");
        std::iter::from_fn(|| self.any_message().ok()).collect()
    }

    /// As [`message`](Self::message), without the steps that a startup or a stop reports on a busy machine.
    fn milestone(&self) -> String {
        loop {
            let message = self.message();
            if !message.contains("; waiting for ") {
                return message;
            }
        }
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // It is the system's to clean up otherwise.
        let _ = fs::remove_file(&self.address);
    }
}

const PING: &str = "WATCHDOG=1\n";
/// That shutdown was requested by SIGTERM, of an app that has 25 s for it.
const STOPPING: &str = "STOPPING=1\nEXTEND_TIMEOUT_USEC=27000000\nSTATUS=stopping: SIGTERM\n";

fn rule_42_systemd_hears_that_it_is_up_that_it_stops_and_how_it_ended() {
    for flavor in ["current", "multi"] {
        let systemd = Systemd::listen();
        // The watchdog is of another process, whose environment this one has inherited.
        let watchdog = [("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", "1")];
        let mut process = systemd.start(&format!("{flavor} base serves"), &watchdog);
        assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 2 units\n");
        process.signal(SIGTERM);
        assert_eq!(systemd.milestone(), STOPPING);
        assert_eq!(systemd.milestone(), "STATUS=stopped in order: SIGTERM\n");
        let _ = process.end().exit_code(0).says(&["after launch: 0"]).never_says("WARN");
        assert_eq!(systemd.rest(), [""; 0]);
    }
}

fn rule_42_a_reload_is_reported_and_one_that_is_refused_is_shown() {
    let systemd = Systemd::listen();
    let directory = directory("systemd-reload", "[lifespan]\ngrace = '5s'\n");
    let file = directory.join("lifespan.toml");
    let (file, socket) = (file.to_str().expect("UTF-8"), systemd.address.as_str());
    let variables = [("NOTIFY_SOCKET", socket), ("LIFESPAN_CONFIG", file)];
    let mut process = Process::start_with("multi base serves", &variables);
    assert_eq!(systemd.message(), "X_LIFESPAN_RELOADS=1\nSTATUS=starting, 2 units\n");
    assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 2 units\n");
    for (grace, ready) in [
        ("'6s'", "READY=1\n"),
        ("6", "READY=1\nSTATUS=up, 2 units; the last reload was refused, see the log\n"),
        ("'6s'", "STATUS=up, 2 units\n"),
    ] {
        fs::write(file, format!("[lifespan]\ngrace = {grace}\n")).expect("written");
        process.signal(SIGHUP);
        let reloading = systemd.message();
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading:?}");
        // Both may be in one message, or in two.
        let mut received = systemd.message();
        while !received.contains("READY=1\n") || !received.ends_with(ready) {
            received += &systemd.message();
        }
    }
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0);
}

fn rule_42_a_startup_that_fails_is_never_ready() {
    for flavor in ["current", "multi"] {
        let systemd = Systemd::listen();
        let process = systemd.start(&format!("{flavor} base fails_in_setup"), &[]);
        let stopping = "STOPPING=1\nEXTEND_TIMEOUT_USEC=27000000\nSTATUS=stopping: context `fails_in_setup` failed\n";
        assert_eq!(systemd.milestone(), stopping);
        assert_eq!(
            systemd.milestone(),
            "STATUS=startup failed and was rolled back, exit code 3: context `fails_in_setup` failed during setup: as it should\n"
        );
        let _ = process.end().exit_code(3);
        assert_eq!(systemd.rest(), [""; 0]);
    }
}

fn rule_42_a_batch_job_was_ready_before_it_stops() {
    let systemd = Systemd::listen();
    let process = systemd.start("current base batch", &[]);
    let ready = systemd.milestone();
    assert!(ready.starts_with("READY=1\n"), "{ready}");
    let stopping = systemd.milestone();
    assert!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
    assert_eq!(systemd.milestone(), "STATUS=stopped in order: all tasks have finished\n");
    let _ = process.end().exit_code(0);
}

fn rule_42_the_watchdog_is_fed_until_the_runtime_is_blocked() {
    let systemd = Systemd::listen();
    let mut process = systemd.start("current short blocks_at_shutdown", &[("WATCHDOG_USEC", "20000")]);
    assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 1 unit\n");
    for _ in 0..3 {
        assert_eq!(systemd.any_message().expect("a ping comes"), PING);
    }
    process.signal(SIGTERM);
    process.wait_for(BLOCKING);
    drop(systemd.rest());
    // It is ended after a second and a half, in which there would be 150 pings.
    let _ = process.end().exit_code(4);
    let pings = systemd.rest().into_iter().filter(|message| message == PING).count();
    assert!(pings <= 1, "{pings} pings, of which one may have been on its way");
}

fn rule_42_a_startup_may_go_on_as_long_as_its_limits_say() {
    for (unit, limit) in [("hangs_in_setup", 60), ("asks_for_time", 600)] {
        let systemd = Systemd::listen();
        let mut process = systemd.start(&format!("multi base {unit} serves"), &[]);
        let message = systemd.message();
        let status = format!("\nSTATUS=starting: 1 of 3 units up; waiting for `{unit}`\n");
        let (extended, rest) = message.split_at(message.find('\n').expect("a line"));
        assert_eq!(rest, status);
        let micros: u64 = extended.strip_prefix("EXTEND_TIMEOUT_USEC=").expect("first").parse().expect("a number");
        // The limit counts from the unit's start or its request, and there are two seconds of slack.
        assert!((limit * 500_000..=limit * 1_000_000 + 2_000_000).contains(&micros), "{micros} µs");
        process.signal(SIGTERM);
        assert_eq!(systemd.milestone(), STOPPING);
        let _ = process.end();
    }
}

fn rule_42_a_startup_without_a_limit_asks_for_no_time() {
    let systemd = Systemd::listen();
    let mut process = systemd.start("multi base waits_for_ever", &[]);
    assert_eq!(systemd.message(), "STATUS=starting: 1 of 2 units up; waiting for `waits_for_ever`\n");
    process.signal(SIGTERM);
    assert_eq!(systemd.milestone(), STOPPING);
    let _ = process.end();
}

fn rule_42_a_check_that_is_not_healthy_is_shown() {
    let systemd = Systemd::listen();
    let mut process = systemd.start("multi unwell", &[]);
    assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 1 unit; not ready; not healthy: unwell/line: is\\ncut\n");
    process.send("heal");
    assert_eq!(systemd.milestone(), "STATUS=up, 1 unit\n");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0);
}

fn rule_42_a_failure_that_is_ignored_is_shown() {
    let systemd = Systemd::listen();
    let mut process = systemd.start("multi fails_for_itself serves", &[]);
    assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 2 units\n");
    process.send("heal");
    assert_eq!(systemd.milestone(), "STATUS=up, 2 units; degraded; failed: `fails_for_itself`\n");
    process.signal(SIGTERM);
    assert_eq!(systemd.milestone(), STOPPING);
    assert_eq!(systemd.milestone(), "STATUS=stopped in order: SIGTERM\n");
    let _ = process.end().exit_code(0);
}

fn rule_42_no_text_of_a_user_is_an_assignment() {
    let systemd = Systemd::listen();
    let process = systemd.start("multi base fails_in_many_lines", &[]);
    let _ = process.end().exit_code(3);
    let messages = systemd.rest();
    let last = messages.last().expect("it has spoken");
    assert!(last.ends_with("one\\nREADY=1\\nthree\n"), "{messages:?}");
    assert!(messages.iter().all(|message| message.lines().all(|line| line != "READY=1")), "{messages:?}");
}

fn rule_42_who_handles_no_signals_says_nothing() {
    for option in ["empty", "without-signals"] {
        let systemd = Systemd::listen();
        let mut process = systemd.start(&format!("{option} multi base serves"), &[]);
        process.wait_for("lifespan: up in");
        process.send("stop");
        let _ = process.end().exit_code(0);
        assert_eq!(systemd.rest(), [""; 0], "{option}");
    }
}

fn rule_42_a_name_in_the_abstract_namespace_is_reached() {
    #[cfg(target_os = "linux")]
    {
        let systemd = Systemd::listen_in_the_abstract_namespace();
        let mut process = systemd.start("multi base serves", &[]);
        assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 2 units\n");
        process.signal(SIGTERM);
        assert_eq!(systemd.milestone(), STOPPING);
        let _ = process.end().exit_code(0).never_says("cannot notify systemd");
    }
}

fn rule_42_an_address_that_is_not_supported_is_one_warning() {
    for address in ["vsock:2:1234", "a/relative/path"] {
        let mut process = Process::start_with("multi base serves", &[("NOTIFY_SOCKET", address)]);
        process.wait_for("lifespan: up in");
        process.signal(SIGTERM);
        let end = process.end().exit_code(0);
        let warning = "unsupported address: use an absolute path or, on Linux, `@name`";
        assert_eq!(end.output.matches(warning).count(), 1, "{}", end.output);
        assert_eq!(end.output.matches("WARN").count(), 1, "{}", end.output);
    }
}

fn rule_42_a_socket_that_is_not_there_is_a_warning_and_no_failure() {
    let path = std::env::temp_dir().join("lifespan-nobody-listens");
    let path = path.to_str().expect("a path in UTF-8");
    let mut process = Process::start_with("multi base serves", &[("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "1000")]);
    process.wait_for("cannot notify systemd of this app");
    process.signal(SIGTERM);
    let end = process.end().exit_code(0);
    let warning = format!("(`NOTIFY_SOCKET` is {path}; unset it where no service manager listens)");
    assert_eq!(end.output.matches(&warning).count(), 1, "{}", end.output);
}

fn rule_70_a_unit_that_waits_for_its_restart_is_in_the_status_line() {
    let systemd = Systemd::listen();
    let mut process = systemd.start("current waits_to_restart serves", &[]);
    assert!(systemd.milestone().starts_with("READY=1"));
    let status = systemd.message();
    assert_eq!(status, "STATUS=up, 2 units; degraded; restarting: `waits_to_restart`\n");
    process.signal(SIGTERM);
    let _ = process.end().exit_code(0);
}

fn rule_71_a_unit_that_recovers_is_in_the_status_line_until_it_has_recovered() {
    for (unit, stands) in [("recovers", "degraded"), ("recovers_required", "not ready")] {
        let systemd = Systemd::listen();
        let mut process = systemd.start(&format!("current soon-stable {unit} serves"), &[]);
        assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 2 units\n");
        process.send("heal");
        let recovering = format!("STATUS=up, 2 units; {stands}; recovering: `{unit}`\n");
        let restarting = format!("STATUS=up, 2 units; {stands}; restarting: `{unit}`\n");
        let mut received = systemd.message();
        while received == restarting {
            received = systemd.message();
        }
        assert_eq!(received, recovering);
        assert_eq!(systemd.message(), "STATUS=up, 2 units\n");
        process.signal(SIGTERM);
        let _ = process.end().exit_code(0);
    }
}

fn rule_72_the_last_line_names_the_cause() {
    let systemd = Systemd::listen();
    let mut process = systemd.start("multi hangs_in_teardown serves", &[]);
    assert_eq!(systemd.milestone(), "READY=1\nSTATUS=up, 2 units\n");
    process.signal(SIGINT);
    process.wait_for("hangs_in_teardown: waiting");
    // The interval is the subject: after 300 ms a signal is a second one.
    sleep(Duration::from_millis(350));
    process.signal(SIGTERM);
    let _ = process.end().exit_code(143);
    let last = systemd.rest().pop().expect("it has spoken");
    assert_eq!(last, "STATUS=stopped by force, exit code 143: SIGINT, then SIGTERM\n");

    let systemd = Systemd::listen();
    let _ = systemd.start("multi exits_with_3", &[]).end().exit_code(3);
    let last = systemd.rest().pop().expect("it has spoken");
    assert_eq!(last, "STATUS=stopped, exit code 3: exit with code 3 was requested\n");
}
