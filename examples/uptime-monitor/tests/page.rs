//! Tests the page and its live updates in Chromium. Skipped with a message if Chromium is not installed.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader, PipeWriter, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use command_fds::{CommandFdExt, FdMapping};
use common::{Directory, Monitor, PATIENCE, Target};
use serde_json::{Value, json};

/// A browser with one page, controlled through its protocol on a pipe.
struct Browser {
    child: Child,
    sender: PipeWriter,
    messages: Receiver<Value>,
    session: Option<String>,
    number: u32,
    /// The errors of the page.
    complaints: Vec<Value>,
    _profile: Directory,
}

impl Browser {
    /// Starts the browser; returns `None` if it is not installed.
    fn start() -> Option<Self> {
        let program = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(found)?;
        let profile = Directory::new();
        let (from_us, sender) = std::io::pipe().unwrap();
        let (receiver, to_us) = std::io::pipe().unwrap();
        let mut command = Command::new(program);
        command.args(["--headless", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"]);
        // In a container its sandbox may be unavailable and shared memory small.
        command.args(["--no-sandbox", "--disable-dev-shm-usage"]);
        command.arg(format!("--user-data-dir={}", profile.0.display())).stderr(Stdio::null());
        let mappings = [(from_us.into(), 3), (to_us.into(), 4)];
        command.fd_mappings(mappings.map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd }).into()).unwrap();
        let child = command.spawn().expect("Chromium starts");
        // The command holds the browser's ends of the pipes, which would otherwise stay open.
        drop(command);
        let (forward, messages) = channel();
        std::thread::spawn(move || {
            // The receiver may be dropped earlier: then the rest is not needed.
            BufReader::new(receiver)
                .split(0)
                .map_while(Result::ok)
                .try_for_each(|message| forward.send(serde_json::from_slice(&message).unwrap()))
        });
        let mut browser =
            Self { child, sender, messages, session: None, number: 0, complaints: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.sender.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let message = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: {error}"));
            match message["method"].as_str() {
                Some("Runtime.exceptionThrown" | "Log.entryAdded") => self.complaints.push(message),
                None if message["id"] == self.number => {
                    assert!(message["error"].is_null(), "{method}: {message:#}");
                    return message["result"].clone();
                }
                _ => {}
            }
        }
    }

    /// Waits until the expression is truthy, now or after a change of the document.
    #[track_caller]
    fn wait_for(&mut self, expression: &str) -> Value {
        let promise = format!(
            "new Promise(done => {{
                const changes = new MutationObserver(look);
                function look() {{
                    const found = {expression};
                    if (found) {{ changes.disconnect(); done(found); }}
                }}
                changes.observe(document, {{ subtree: true, childList: true, characterData: true, attributes: true }});
                document.addEventListener('readystatechange', look);
                look();
            }})"
        );
        let parameters = json!({ "expression": promise, "awaitPromise": true, "returnByValue": true });
        let given = self.call("Runtime.evaluate", &parameters);
        assert!(given["exceptionDetails"].is_null(), "{given:#}");
        given["result"]["value"].clone()
    }

    /// Returns the accessible names of the elements with this role.
    fn accessible(&mut self, role: &str) -> Vec<String> {
        let root = self.call("DOM.getDocument", &json!({}))["root"]["nodeId"].clone();
        let found = self.call("Accessibility.queryAXTree", &json!({ "nodeId": root, "role": role }));
        let nodes = found["nodes"].as_array().unwrap().iter();
        nodes.filter_map(|node| Some(node["name"]["value"].as_str()?.to_owned())).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn found(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

#[test]
fn a_browser_shows_rows_and_plots_and_what_changes() {
    let Some(mut browser) = Browser::start() else {
        // Written directly, since the test harness captures printed output.
        writeln!(
            std::io::stderr(),
            "skipped: the page in Chromium, which is not installed; run `apt-get install chromium`"
        )
        .unwrap();
        return;
    };
    let (directory, target) = (Directory::new(), Target::new());
    let monitor = Monitor::start(&directory, &[("home", &target.url), ("<i>shop</i>", &target.url)]);
    let url = format!("http://{}/", monitor.address);
    browser.call("Page.navigate", &json!({ "url": url }));

    let rows = browser.wait_for(
        "document.querySelectorAll('#rows tr.up').length == 2
         && [...document.querySelectorAll('#rows .name')].map(name => name.textContent)",
    );
    assert_eq!(rows, json!(["home", "<i>shop</i>"]));
    assert_eq!(browser.wait_for("document.getElementById('summary').textContent"), "All 2 endpoints are up");
    assert_eq!(browser.wait_for("document.querySelector('#live:not([hidden]):not(.lost)')?.textContent"), "live");
    // A line with one point per check, which has a size on the screen.
    let shape = "(() => { const box = document.querySelector('tr[data-name=home] svg.latency .line').getBBox();
                          return box.width > 8 && box.height >= 0 })()";
    assert_eq!(browser.wait_for(shape), true);
    assert_eq!(browser.wait_for("getComputedStyle(document.querySelector('.latency .line')).stroke != 'none'"), true);

    assert_eq!(browser.accessible("rowheader").len(), 2);
    let pictures = browser.accessible("image");
    for name in ["Latency of home", "The last 24 hours of home", "Latency of <i>shop</i>"] {
        assert!(pictures.iter().any(|picture| picture == name), "{name}: {pictures:?}");
    }

    // The element itself is kept, so the page was not reloaded.
    browser.wait_for("document.getElementById('rows').dataset.mark = 'kept'");
    target.say(503);
    browser.wait_for("document.querySelectorAll('#rows tr.down').length == 2");
    assert_eq!(browser.wait_for("document.querySelector('tr.down .why').textContent"), "status 503 instead of 200");
    browser.wait_for("document.querySelector('tr.down svg.latency .failure').getAttribute('d').startsWith('M')");
    browser.wait_for("document.getElementById('summary').textContent.startsWith('2 of 2 are down')");
    assert_eq!(browser.wait_for("document.title"), "(2 down) Uptime");
    target.say(200);
    browser.wait_for("document.querySelectorAll('#rows tr.up').length == 2");
    assert_eq!(browser.wait_for("document.getElementById('rows').dataset.mark"), "kept");
    assert_eq!(browser.complaints, Vec::<Value>::new());

    monitor.stop();
    assert_eq!(browser.wait_for("document.querySelector('#live.lost')?.textContent"), "connecting…");
}
