//! Instructions of the server's process for each request, by callgrind: those of many requests less those of few.

use std::process::{Command, Stdio};

use crate::load;
use crate::server::{NAMES, Server};

const CONNECTIONS: usize = 32;
/// On each connection.
const FEW: usize = 20;
const MANY: usize = 220;

pub fn print() {
    println!("| with | instructions a request |\n|---|--:|");
    let mut floor = None;
    for name in NAMES {
        let each = (counted(name, MANY) - counted(name, FEW)) / ((MANY - FEW) * CONNECTIONS) as u64;
        let floor = *floor.get_or_insert(each);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 instructions")]
        let ratio = each as f64 / floor as f64;
        println!("| {name} | {each} ({ratio:.3}×) |");
    }
}

fn counted(name: &str, requests: usize) -> u64 {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(std::env::current_exe().expect("the path of this program")).stderr(Stdio::piped());
    let server = Server::spawn(command, name);
    load::count(server.address, CONNECTIONS, requests);
    let output = server.end();
    let collected = output.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, number)| number.trim());
    collected.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("callgrind counts: {output}"))
}
