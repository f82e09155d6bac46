//! Reads a file of the configuration: only a regular file of a limited size, so that reading can't block or never end.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Reads the whole file, if it has at most this number of bytes, a multiple of one MiB. The checks use the opened file, not the path, which may name another file by then.
pub(super) fn read(path: &Path, largest: u64) -> Result<Vec<u8>> {
    let file = open(path).map_err(|error| match path.metadata() {
        // A socket can't be opened; on Windows, neither can a directory.
        Ok(metadata) if !metadata.is_file() => not_regular(metadata.file_type()),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() && !is_null(&metadata) {
        return Err(not_regular(metadata.file_type()));
    }
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is larger than {} MiB", largest >> 20)));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn open(path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // Opening a FIFO would otherwise wait for a writer. A terminal must not become this process's controlling terminal.
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).open(path)
}

fn not_regular(file_type: FileType) -> Error {
    let what = sort_of(file_type);
    Error::new(ErrorKind::InvalidInput, format!("it is {what}, and only regular files are read"))
}

#[cfg(unix)]
fn sort_of(file_type: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match file_type {
        it if it.is_dir() => "a directory",
        it if it.is_fifo() => "a FIFO (a pipe, such as a shell's `<(…)`)",
        it if it.is_socket() => "a socket",
        it if it.is_block_device() || it.is_char_device() => "a device",
        _ => "something else",
    }
}

#[cfg(not(unix))]
fn sort_of(file_type: FileType) -> &'static str {
    if file_type.is_dir() { "a directory" } else { "something else" }
}

/// Returns whether this is `/dev/null`, the usual name of an empty file.
#[cfg(unix)]
fn is_null(metadata: &Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let is_same = |null: Metadata| null.rdev() == metadata.rdev();
    metadata.file_type().is_char_device() && Path::new("/dev/null").metadata().is_ok_and(is_same)
}

#[cfg(not(unix))]
fn is_null(_: &Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// Creates a directory for one test.
    fn directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("lifespan-open-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("a directory for files");
        directory
    }

    fn refused(path: &Path) -> String {
        read(path, 64 << 20).map(|bytes| bytes.len()).expect_err("refused").to_string()
    }

    #[test]
    fn what_is_no_regular_file_is_named_and_never_waited_for() {
        let directory = directory("kinds");
        let fifo = directory.join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
        assert!(made.success());
        assert!(refused(&fifo).contains("a FIFO"), "{}", refused(&fifo));
        let link = directory.join("link");
        std::os::unix::fs::symlink(&fifo, &link).expect("a link");
        assert!(refused(&link).contains("a FIFO"), "{}", refused(&link));
        let socket = directory.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert!(refused(&socket).contains("a socket"), "{}", refused(&socket));
        assert!(refused(&directory).contains("a directory"), "{}", refused(&directory));
        assert!(refused(Path::new("/dev/zero")).contains("a device"), "{}", refused(Path::new("/dev/zero")));
        fs::remove_dir_all(&directory).expect("just made");
    }

    #[test]
    fn a_link_to_a_regular_file_and_dev_null_are_read() {
        let directory = directory("links");
        let (file, link) = (directory.join("file"), directory.join("link"));
        fs::write(&file, "a = 1").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        assert_eq!(read(&link, 1 << 20).expect("a regular file"), b"a = 1");
        assert_eq!(read(Path::new("/dev/null"), 1 << 20).expect("empty"), b"");
        fs::remove_dir_all(&directory).expect("just made");
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let directory = directory("size");
        let path = directory.join("file");
        let file = File::create(&path).expect("a file");
        // It uses no space on the disk.
        file.set_len(10 << 30).expect("a sparse file");
        assert!(refused(&path).contains("larger than 64 MiB"), "{}", refused(&path));
        file.set_len(1).expect("a shorter file");
        assert_eq!(read(&path, 1 << 20).expect("small enough"), b"\0");
        fs::remove_dir_all(&directory).expect("just made");
    }
}
