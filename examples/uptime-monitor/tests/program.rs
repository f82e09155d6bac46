//! Tests of the whole monitor in its own process.
#![cfg(unix)]

mod common;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use common::{Directory, Monitor, PATIENCE, Target, Updates, answer, configuration};
use rustix::process::Signal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

/// Waits until the stream has shown a check of each of these endpoints.
#[track_caller]
fn wait_for_rows(updates: &mut Updates, parts: &[&str]) {
    let mut wanted = parts.to_vec();
    let until = Instant::now() + PATIENCE;
    while !wanted.is_empty() {
        assert!(Instant::now() < until, "these did not come: {wanted:?}");
        let update = updates.next().expect("the stream goes on");
        let rows = update["rows"].as_array().unwrap();
        wanted.retain(|part| !rows.iter().any(|row| row.as_str().unwrap().contains(part)));
    }
}

#[test]
fn the_page_and_the_api_have_each_endpoint_in_the_order_of_the_file() {
    let (directory, target) = (Directory::new(), Target::new());
    let monitor = Monitor::start(&directory, &[("zebra", &target.url), ("<b>&\"1\"", &target.url)]);
    let mut updates = monitor.updates();
    wait_for_rows(
        &mut updates,
        &["class=\"up\" data-name=\"zebra\"", "class=\"up\" data-name=\"&lt;b&gt;&amp;&quot;1&quot;\""],
    );

    let (status, page) = monitor.get("/");
    assert_eq!(status, 200);
    for part in
        ["<h1 id=\"summary\" role=\"status\">All 2 endpoints are up</h1>", "<title>Latency of zebra</title>", "100 %"]
    {
        assert!(page.contains(part), "{part}:\n{page}");
    }
    assert!(page.find("data-name=\"zebra\"") < page.find("data-name=\"&lt;b&gt;"), "{page}");
    assert!(!page.contains("<b>"), "untrusted text is escaped:\n{page}");

    let list = monitor.json("/api/endpoints");
    assert_eq!((&list[0]["name"], &list[1]["name"]), (&json!("zebra"), &json!("<b>&\"1\"")));
    assert_eq!(
        (&list[0]["state"], &list[0]["uptime"], &list[0]["url"]),
        (&json!("up"), &json!(1.0), &json!(target.url))
    );
    let one = monitor.json("/api/endpoints/zebra");
    assert_eq!(one["checks"][0]["error"], Value::Null);
    assert_eq!(monitor.get("/api/endpoints/horse").0, 404);
    assert_eq!(monitor.get("/readyz").0, 200);
    monitor.stop();
}

#[test]
fn live_updates_show_that_an_endpoint_goes_down_and_comes_up() {
    let (directory, target) = (Directory::new(), Target::new());
    let mut monitor = Monitor::start(&directory, &[("home", &target.url), ("other", &target.url)]);
    let mut updates = monitor.updates();
    assert_eq!(updates.next().unwrap()["all"], true, "the first update has all rows");
    wait_for_rows(&mut updates, &["class=\"up\" data-name=\"home\""]);
    target.say(500);
    let update = updates.wait_for(|update| update["summary"].as_str().unwrap().starts_with("2 of 2 are down"));
    assert_eq!((&update["title"], &update["all"]), (&json!("(2 down) Uptime"), &json!(false)));
    assert!(update["rows"][0].as_str().unwrap().contains("status 500 instead of 200"), "{update:#}");
    assert_eq!(monitor.json("/api/endpoints/home")["state"], "down");
    monitor.wait_for("home is down: status 500 instead of 200");
    target.say(200);
    updates.wait_for(|update| update["summary"] == "All 2 endpoints are up");
    monitor.wait_for("home is up again after ");
    monitor.stop();
}

#[test]
fn it_stops_gracefully_while_a_page_is_open() {
    let (directory, target) = (Directory::new(), Target::new());
    let monitor = Monitor::start(&directory, &[("home", &target.url)]);
    let mut updates = monitor.updates();
    wait_for_rows(&mut updates, &["class=\"up\""]);
    let output = monitor.stop();
    while updates.next().is_some() {}
    assert!(!output.contains("did not end within"), "the stream ended at shutdown:\n{output}");
    let mut rest = output.as_str();
    for part in
        ["task `server` stopped", "task `probe[home]` stopped", "context `database` stopped", "stopped in order"]
    {
        let place = rest.find(part).unwrap_or_else(|| panic!("no {part:?}, or in the wrong order:\n{output}"));
        rest = &rest[place..];
    }
    let mut files: Vec<_> =
        directory.0.read_dir().unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["lifespan.toml", "uptime.db"], "no log file is left");
}

/// Returns a free address that no other process uses: on Linux, each process uses its own loopback addresses.
fn own_address() -> String {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let ip = if cfg!(target_os = "linux") { Ipv4Addr::new(127, 77, high, low) } else { Ipv4Addr::LOCALHOST };
    TcpListener::bind((ip, 0)).unwrap().local_addr().unwrap().to_string()
}

#[test]
fn by_default_it_watches_itself_and_its_demo_and_its_start_and_stop_are_not_failures() {
    let directory = Directory::new();
    // The period is so short that many checks happen while the server stops.
    let toml =
        include_str!("../lifespan.toml").replace("127.0.0.1:3000", &own_address()).replace("\"5s\"", "\"100ms\"");
    for _ in 0..2 {
        let monitor = Monitor::run(Monitor::command(&directory, &toml));
        let mut updates = monitor.updates();
        wait_for_rows(&mut updates, &["class=\"up\" data-name=\"this monitor\"", "class=\"up\" data-name=\"demo\""]);
        let list = monitor.json("/api/endpoints");
        let uptimes: Vec<_> = list.as_array().unwrap().iter().map(|endpoint| &endpoint["uptime"]).collect();
        assert_eq!(uptimes, [1.0, 1.0], "{list:#}");
        // An unfinished request delays the stop of the server for a moment.
        let mut half = TcpStream::connect(monitor.address).unwrap();
        write!(half, "GET / HTTP/1.1\r\n").unwrap();
        monitor.stop();
    }
}

#[test]
fn the_configuration_is_reloaded_while_it_runs() {
    let (directory, target) = (Directory::new(), Target::new());
    let mut monitor = Monitor::start(&directory, &[("stays", &target.url), ("goes", &target.url)]);
    let mut updates = monitor.updates();
    wait_for_rows(&mut updates, &["class=\"up\" data-name=\"stays\"", "class=\"up\" data-name=\"goes\""]);

    directory.configure(&configuration(&[("broken", "ftp://example.org")]));
    monitor.signal(Signal::HUP);
    monitor.wait_for("cannot reload the configuration");
    assert_eq!(monitor.json("/api/endpoints").as_array().unwrap().len(), 2, "the old configuration stays in effect");

    directory.configure(&configuration(&[("comes", &target.url), ("stays", &target.url)]));
    monitor.signal(Signal::HUP);
    updates.wait_for(|update| update["all"] == true && !update.to_string().contains("goes"));
    wait_for_rows(&mut updates, &["class=\"up\" data-name=\"comes\""]);
    monitor.wait_for("configuration in effect");
    let list = monitor.json("/api/endpoints");
    let names: Vec<_> = list.as_array().unwrap().iter().map(|endpoint| &endpoint["name"]).collect();
    assert_eq!(names, ["comes", "stays"], "{list:#}");
    assert!(!monitor.get("/").1.contains("goes"));
    assert_eq!(monitor.json("/api/endpoints/goes")["checks"][0]["error"], Value::Null, "its history is kept");

    // Then no check updates the page.
    directory.configure(&configuration(&[]));
    monitor.signal(Signal::HUP);
    let update = updates.wait_for(|update| update["rows"] == json!([]));
    assert!(update["summary"].as_str().unwrap().starts_with("Nothing is watched"), "{update:#}");
    monitor.stop();
}

#[test]
fn an_https_endpoint_needs_a_certificate_that_the_system_trusts() {
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/https/certificate.pem");
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/https/key.pem");
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            // A client that does not trust the certificate closes the connection.
            let _ = answer(rustls::StreamOwned::new(session, stream.unwrap()), 200);
        }
    });
    let probes = configuration(&[("home", &format!("https://localhost:{port}/"))]);
    for (variable, wanted) in [("SSL_CERT_FILE", "class=\"up\""), ("UNRELATED", "invalid peer certificate")] {
        let directory = Directory::new();
        let mut command = Monitor::command(&directory, &probes);
        command.env(variable, certificate);
        let monitor = Monitor::run(command);
        wait_for_rows(&mut monitor.updates(), &[wanted]);
        monitor.stop();
    }
}

#[test]
fn a_failed_database_write_is_reported_and_retried() {
    let (directory, target) = (Directory::new(), Target::new());
    let mut monitor = Monitor::start(&directory, &[("home", &target.url)]);
    let mut updates = monitor.updates();
    wait_for_rows(&mut updates, &["class=\"up\""]);
    let other = rusqlite::Connection::open(directory.0.join("uptime.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let trouble = "cannot record a check in the database uptime.db: database is locked";
    monitor.wait_for(&format!("context `database` is not healthy: {trouble}"));
    assert!(monitor.wait_for(trouble).contains("task `probe[home]`"));
    assert_eq!(monitor.get("/").0, 200, "recorded checks can still be read");
    let (status, health) = monitor.get("/readyz?verbose");
    assert_eq!(status, 503, "{health}");
    assert!(health.contains("database is locked"), "{health}");
    target.say(500);
    other.execute_batch("ROLLBACK").unwrap();
    wait_for_rows(&mut updates, &["class=\"down\""]);
    assert_eq!(monitor.get("/readyz").0, 200);
    monitor.stop();
}

#[test]
fn a_database_that_cannot_be_opened_is_an_error_with_advice() {
    let directory = Directory::new();
    let toml = configuration(&[]) + "[tasks.database]\npath = \"no/such/directory/uptime.db\"\n";
    let output = Monitor::command(&directory, &toml).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    for part in ["cannot open the database no/such/directory/uptime.db", "`path` under [tasks.database]"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn check_prints_the_plan_or_all_errors() {
    let directory = Directory::new();
    let check = |toml: &str| {
        let output = Monitor::command(&directory, toml).arg("check").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code(), text)
    };
    let (code, plan) = check(&configuration(&[("home", "https://example.org")]));
    assert_eq!(code, Some(0), "{plan}");
    assert!(plan.contains("probe[home]") && plan.contains("roll_up"), "{plan}");
    let (code, problems) = check(&configuration(&[("a", "ftp://example.org"), ("b", "example.org"), ("b", "http://")]));
    assert_eq!(code, Some(2), "{problems}");
    for part in ["only http and https are supported", "a URL begins with http://", "invalid URL: ", "lifespan.toml:5:7"]
    {
        assert!(problems.contains(part), "{part}:\n{problems}");
    }
}
