//! Finds the process that listens on an address in use, as far as this process has permission to see it.

use std::fs;
use std::path::Path;

/// Describes the process that listens on a port: `process 4711 (nginx)`.
pub(crate) fn of_port(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|table| fs::read_to_string(table).ok());
    of(&tables.flat_map(|table| listening_on(&table, port)).collect::<Vec<_>>())
}

/// Describes the process that listens on a Unix socket.
pub(crate) fn of_path(path: &str) -> Option<String> {
    of(&bound_to(&fs::read_to_string("/proc/net/unix").ok()?, path))
}

/// Describes the process that has one of these sockets open.
fn of(inodes: &[String]) -> Option<String> {
    let sockets: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    for process in
        processes.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
    {
        if holds(&process.path(), &sockets) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let number = process.file_name();
            return Some(match number.to_string_lossy() {
                own if own == std::process::id().to_string() => "this process itself".to_owned(),
                number => format!("process {number} ({})", name.trim()),
            });
        }
    }
    None
}

/// Returns the inodes of the sockets that listen on the port.
fn listening_on(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let port = format!(":{port:04X}");
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.len() > 9 && row[1].ends_with(&port) && row[3] == LISTEN)
        .map(|row| row[9].to_owned())
        .collect()
}

/// Returns the inodes of the sockets that are bound to exactly this path.
fn bound_to(table: &str, path: &str) -> Vec<String> {
    let rows = table.lines().skip(1).filter_map(|row| row.strip_suffix(path)?.strip_suffix(' '));
    rows.filter_map(|row| row.split_whitespace().nth(6)).map(str::to_owned).collect()
}

fn holds(process: &Path, sockets: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        fs::read_link(descriptor.path())
            .is_ok_and(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
    })
}
