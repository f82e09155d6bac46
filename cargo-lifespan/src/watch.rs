//! Watches the sources: events of the system only wake the thread, and a scan of the files finds the changes.
//!
//! # Invariants
//! - A change is a difference between two scans of the files. So an event that is duplicated, late or lost for a moment is
//!   reported once.
//! - A folder is scanned again after the watch on it starts, so that earlier writes are not missed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use ignore::{DirEntry, WalkBuilder};
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::cycle::Change;
use crate::notice::{Notice, Notices};
use crate::screen::Screen;

/// Writes closer together than this are one change.
const QUIET: Duration = Duration::from_millis(50);
/// The longest wait before a scan when writes never pause.
const PATIENCE: Duration = Duration::from_millis(500);

/// The files and folders to watch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Watched {
    /// Folders, without files that git ignores or that are not sources, and single files.
    pub(crate) sources: Vec<PathBuf>,
    /// Files that the program reads when it starts, ignored or not.
    pub(crate) config: Vec<PathBuf>,
    pub(crate) target_directory: PathBuf,
}

/// A watch on the sources.
pub(crate) struct Watch {
    watched: Watched,
    seen: Snapshot,
    system: RecommendedWatcher,
    events: Receiver<notify::Result<notify::Event>>,
    /// The folders whose events the system reports.
    folders: BTreeSet<PathBuf>,
}

impl Watch {
    /// Starts a watch with a first scan.
    pub(crate) fn new(watched: Watched) -> anyhow::Result<Self> {
        let (sender, events) = channel();
        let system = notify::recommended_watcher(sender).context("cannot watch files")?;
        let mut watch = Self { watched, seen: Snapshot::default(), system, events, folders: BTreeSet::new() };
        watch.look()?;
        Ok(watch)
    }

    /// Returns the number of watched files.
    pub(crate) fn files(&self) -> usize {
        self.seen.0.len()
    }

    /// Reports changes until the receiver is dropped. After a change of a manifest, `reread` returns the new files to watch.
    pub(crate) fn start(
        mut self,
        reread: impl Fn() -> Option<Watched> + Send + 'static,
        screen: Screen,
        notices: Notices,
    ) {
        std::thread::spawn(move || {
            while let Ok(event) = self.events.recv() {
                let Some(at) = self.settle(event) else { continue };
                let mut report = || -> anyhow::Result<bool> {
                    let changed = self.look()?;
                    if changed.is_empty() {
                        return Ok(true);
                    }
                    let go_on = notices.send(Notice::Changed(self.change(at, &changed)));
                    if changed.iter().any(|file| file.ends_with("Cargo.toml"))
                        && let Some(watched) = reread()
                    {
                        self.watch_instead(watched)?;
                    }
                    Ok(go_on)
                };
                match report() {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => screen.warn(&format!("{error:#}")),
                }
            }
        });
    }

    /// After an event that may be a change, waits until writes pause; returns the time of the first event.
    fn settle(&mut self, event: notify::Result<notify::Event>) -> Option<Instant> {
        if !self.wakes(event) {
            return None;
        }
        let began = Instant::now();
        let mut quiet = began + QUIET;
        loop {
            let until = quiet.min(began + PATIENCE);
            match self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    if self.wakes(event) {
                        quiet = Instant::now() + QUIET;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Some(began),
            }
            // A steady stream of events never times out.
            if Instant::now() >= until {
                return Some(began);
            }
        }
    }

    /// Returns true if something may have changed. Opening or reading a file, which we do too, is not a change.
    fn wakes(&mut self, event: notify::Result<notify::Event>) -> bool {
        // After lost events a scan finds the changes.
        let Ok(event) = event else { return true };
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            EventKind::Access(_) => false,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                // A removed folder is watched again if it is created again.
                self.folders.retain(|folder| !event.paths.iter().any(|path| folder.starts_with(path)));
                true
            }
            _ => true,
        }
    }

    /// Scans all files; returns those that changed since the last scan.
    fn look(&mut self) -> anyhow::Result<BTreeSet<PathBuf>> {
        let mut changed = BTreeSet::new();
        loop {
            let (snapshot, folders) = Snapshot::take(&self.watched);
            changed.extend(self.seen.difference(&snapshot));
            self.seen = snapshot;
            if !self.watch_folders(folders)? {
                return Ok(changed);
            }
        }
    }

    /// Watches these folders; returns true if one of them is new.
    fn watch_folders(&mut self, folders: BTreeSet<PathBuf>) -> anyhow::Result<bool> {
        self.folders.retain(|folder| folders.contains(folder));
        let new: Vec<_> = folders.into_iter().filter(|folder| !self.folders.contains(folder)).collect();
        if new.is_empty() {
            return Ok(false);
        }
        let mut paths = self.system.paths_mut();
        for folder in new {
            match paths.add(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder);
                }
                // It was removed again; the next scan does not find it.
                Err(_) if !folder.exists() => {}
                Err(error) => {
                    return Err(error).with_context(|| {
                        format!(
                            "cannot watch {}; if the limit for watches is reached, raise it (`sysctl fs.inotify.max_user_watches`)",
                            folder.display()
                        )
                    });
                }
            }
        }
        paths.commit().context("cannot watch files")?;
        Ok(true)
    }

    /// Replaces the watched files. Files that are new to the watch do not count as changed.
    fn watch_instead(&mut self, watched: Watched) -> anyhow::Result<()> {
        if watched != self.watched {
            let seen = std::mem::take(&mut self.seen);
            self.watched = watched;
            self.look()?;
            for (path, stamp) in seen.0 {
                self.seen.0.entry(path).and_modify(|own| *own = stamp);
            }
        }
        Ok(())
    }

    fn change(&self, at: Instant, files: &BTreeSet<PathBuf>) -> Change {
        let directory = std::env::current_dir().unwrap_or_default();
        let shown = |file: &PathBuf| file.strip_prefix(&directory).unwrap_or(file).display().to_string();
        Change {
            at,
            files: files.iter().map(shown).collect(),
            config: files.iter().any(|file| self.watched.config.contains(file)),
        }
    }
}

/// The state of all files at one moment.
#[derive(Debug, Default)]
struct Snapshot(BTreeMap<PathBuf, Stamp>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    /// Returns `None` if the file does not exist.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { modified: metadata.modified().ok(), length: metadata.len() })
    }
}

impl Snapshot {
    /// Returns the files, and their folders, including those of missing files.
    fn take(watched: &Watched) -> (Self, BTreeSet<PathBuf>) {
        let mut files = BTreeMap::new();
        let mut folders = BTreeSet::new();
        let (roots, single): (Vec<_>, Vec<_>) = watched.sources.iter().partition(|path| path.is_dir());
        for file in single.into_iter().chain(&watched.config) {
            files.extend(Stamp::of(file).map(|stamp| (file.clone(), stamp)));
            folders.extend(file.parent().filter(|folder| folder.is_dir()).map(Path::to_owned));
        }
        if let Some((first, rest)) = roots.split_first() {
            let mut walk = WalkBuilder::new(first);
            for root in rest {
                walk.add(root);
            }
            let target_directory = watched.target_directory.clone();
            walk.hidden(false)
                .ignore(false)
                .require_git(false)
                .filter_entry(move |entry| !(entry.path() == target_directory || is_no_source(entry)));
            // An unreadable entry was just removed.
            for entry in walk.build().filter_map(Result::ok) {
                if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                    folders.insert(entry.into_path());
                } else if let Some(stamp) = Stamp::of(entry.path()) {
                    files.insert(entry.into_path(), stamp);
                }
            }
        }
        (Self(files), folders)
    }

    fn difference(&self, later: &Self) -> Vec<PathBuf> {
        let changed = later.0.iter().filter(|(path, stamp)| self.0.get(*path) != Some(stamp));
        let gone = self.0.iter().filter(|(path, _)| !later.0.contains_key(*path));
        changed.chain(gone).map(|(path, _)| path.clone()).collect()
    }
}

/// Returns true for files of tools: hidden files except cargo's (an editor's swap file, git's folder), backups, and
/// folders marked as caches, such as cargo's target directory.
fn is_no_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let own = (name.starts_with('.') && name != ".cargo") || name.starts_with('#') || name.ends_with('~');
    let cache = entry.file_type().is_some_and(|kind| kind.is_dir()) && entry.path().join("CACHEDIR.TAG").exists();
    // The root folder of a package is always a source.
    entry.depth() > 0 && (own || cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A watched folder of sources.
    struct Folder {
        path: PathBuf,
        watch: Watch,
    }

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("cargo-lifespan-watch-{name}-{}", std::process::id()));
            for folder in ["src", "target/debug", "kept"] {
                fs::create_dir_all(path.join(folder)).expect("a folder");
            }
            let file = |name: &str, text: &str| fs::write(path.join(name), text).expect("written");
            file(".gitignore", "*.log\n/lifespan.toml\n");
            file("src/main.rs", "fn main() {}");
            file("target/debug/main", "");
            file("kept/CACHEDIR.TAG", "");
            let watched = Watched {
                sources: vec![path.join("src"), path.clone(), path.join("no.lock")],
                config: vec![path.join("lifespan.toml")],
                target_directory: path.join("target"),
            };
            Self { watch: Watch::new(watched).expect("watched"), path }
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.path.join(name), text).expect("written");
        }

        /// Returns the changed files after writes pause.
        fn changed(&mut self) -> Vec<String> {
            while {
                let event = self.watch.events.recv_timeout(Duration::from_secs(60)).expect("the system reports it");
                self.watch.settle(event).is_none()
            } {}
            let changed = self.watch.look().expect("scanned");
            changed.iter().map(|path| path.strip_prefix(&self.path).expect("within").display().to_string()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.path);
        }
    }

    #[test]
    fn writing_moving_and_removing_sources_are_changes_and_other_files_are_ignored() {
        let mut folder = Folder::new("ignored");
        assert_eq!(folder.watch.files(), 1);
        for name in
            ["a.log", "target/debug/main", "target/new", "kept/made", "src/b.log", "src/.main.rs.swp", "src/main.rs~"]
        {
            folder.write(name, "new");
        }
        folder.write("src/main.rs", "fn main() { }");
        assert_eq!(folder.changed(), ["src/main.rs"]);
        // An editor saves to a new file, then renames it.
        folder.write("src/new.log", "fn main() { 1; }");
        fs::rename(folder.path.join("src/new.log"), folder.path.join("src/main.rs")).expect("moved");
        assert_eq!(folder.changed(), ["src/main.rs"]);
        fs::remove_file(folder.path.join("src/main.rs")).expect("removed");
        assert_eq!(folder.changed(), ["src/main.rs"]);
    }

    #[test]
    fn new_and_recreated_folders_are_watched() {
        let mut folder = Folder::new("folders");
        fs::create_dir_all(folder.path.join("src/a/b")).expect("made");
        folder.write("src/a/b/c.rs", "");
        assert_eq!(folder.changed(), ["src/a/b/c.rs"]);
        folder.write("src/a/b/c.rs", "// more");
        assert_eq!(folder.changed(), ["src/a/b/c.rs"]);
        fs::remove_dir_all(folder.path.join("src/a")).expect("removed");
        fs::create_dir_all(folder.path.join("src/a/b")).expect("made");
        assert_eq!(folder.changed(), ["src/a/b/c.rs"]);
        folder.write("src/a/b/c.rs", "// again");
        assert_eq!(folder.changed(), ["src/a/b/c.rs"]);
    }

    #[test]
    fn ignored_config_files_and_missing_files_are_watched() {
        let mut folder = Folder::new("config");
        folder.write("lifespan.toml", "[tasks]");
        assert_eq!(folder.changed(), ["lifespan.toml"]);
        folder.write("no.lock", "");
        assert_eq!(folder.changed(), ["no.lock"]);
        let change = |name: &str| folder.watch.change(Instant::now(), &BTreeSet::from([folder.path.join(name)])).config;
        assert!(change("lifespan.toml"));
        assert!(!change("no.lock"));
    }

    #[test]
    fn reading_a_file_is_not_a_change() {
        let mut folder = Folder::new("read");
        fs::read(folder.path.join("src/main.rs")).expect("read");
        Snapshot::take(&folder.watch.watched);
        folder.write("src/last.rs", "");
        // Events arrive in order: those of the reads come before the first one of this file.
        let last = folder.path.join("src/last.rs");
        while let Ok(event) = folder.watch.events.recv() {
            if event.as_ref().is_ok_and(|event| event.paths.contains(&last)) {
                break;
            }
            assert!(!folder.watch.wakes(event));
        }
        assert_eq!(folder.watch.look().expect("scanned"), BTreeSet::from([last]));
    }
}
