//! Watches the sources: what the system tells only wakes us, and what has changed is found by looking.
//!
//! # Invariants
//! - A change is a difference between two looks at the files. So what the system tells twice, late, or not at all for a
//!   moment, is told once.
//! - A folder is looked into again once it is watched: what was written before that is not missed.

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
use crate::dev::{Notice, Notices};
use crate::screen::Screen;

/// Files that an editor or a tool writes within so long are one change.
const QUIET: Duration = Duration::from_millis(50);
/// Where it never gets quiet, we look all the same.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is watched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Watched {
    /// Folders, looked through but for what git ignores and what is no source, and single files.
    pub(crate) sources: Vec<PathBuf>,
    /// Files that the program reads when it starts, ignored or not.
    pub(crate) config: Vec<PathBuf>,
    pub(crate) target_directory: PathBuf,
}

/// The watch over the sources.
pub(crate) struct Watch {
    watched: Watched,
    seen: Snapshot,
    system: RecommendedWatcher,
    events: Receiver<notify::Result<notify::Event>>,
    /// The folders that the system tells us of.
    folders: BTreeSet<PathBuf>,
}

impl Watch {
    /// Looks for the first time.
    pub(crate) fn new(watched: Watched) -> anyhow::Result<Self> {
        let (sender, events) = channel();
        let system = notify::recommended_watcher(sender).context("cannot watch files")?;
        let mut watch = Self { watched, seen: Snapshot::default(), system, events, folders: BTreeSet::new() };
        watch.look()?;
        Ok(watch)
    }

    /// How many files are watched.
    pub(crate) fn files(&self) -> usize {
        self.seen.0.len()
    }

    /// Tells of changes, until nobody listens. When a manifest has changed, `anew` tells what is to be watched then.
    pub(crate) fn start(
        mut self,
        anew: impl Fn() -> Option<Watched> + Send + 'static,
        screen: Screen,
        notices: Notices,
    ) {
        std::thread::spawn(move || {
            while let Ok(event) = self.events.recv() {
                let Some(at) = self.settle(event) else { continue };
                let mut told = || -> anyhow::Result<bool> {
                    let changed = self.look()?;
                    if changed.is_empty() {
                        return Ok(true);
                    }
                    let go_on = notices.send(Notice::Changed(self.change(at, &changed)));
                    if changed.iter().any(|file| file.ends_with("Cargo.toml"))
                        && let Some(watched) = anew()
                    {
                        self.watch_instead(watched)?;
                    }
                    Ok(go_on)
                };
                match told() {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => screen.warn(&format!("{error:#}")),
                }
            }
        });
    }

    /// Where something may have changed, waits until it is quiet again; when it began.
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

    /// Whether something may have changed. That a file was opened or read, by us too, is no reason to look.
    fn wakes(&mut self, event: notify::Result<notify::Event>) -> bool {
        // What was lost is found by looking.
        let Ok(event) = event else { return true };
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            EventKind::Access(_) => false,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                // A folder that went away is watched anew should it come back.
                self.folders.retain(|folder| !event.paths.iter().any(|path| folder.starts_with(path)));
                true
            }
            _ => true,
        }
    }

    /// Looks at all files; those that are not as they were when last seen.
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

    /// Has the system tell of these; whether one of them is new.
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
                // Gone again: the next look does not find it.
                Err(_) if !folder.exists() => {}
                Err(error) => {
                    return Err(error).with_context(|| {
                        format!(
                            "cannot watch {}; where it is one of too many, raise the limit (`sysctl fs.inotify.max_user_watches`)",
                            folder.display()
                        )
                    });
                }
            }
        }
        paths.commit().context("cannot watch files")?;
        Ok(true)
    }

    /// Watches something else from now on. What is new among it is no change.
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

/// All files, as they were at one moment.
#[derive(Debug, Default)]
struct Snapshot(BTreeMap<PathBuf, Stamp>);

#[derive(Debug, Clone, Copy, PartialEq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Stamp {
    /// None where there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { modified: metadata.modified().ok(), length: metadata.len() })
    }
}

impl Snapshot {
    /// The files, and the folders that they are in, or would be in if they were there.
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
            // What cannot be read has just gone.
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

/// What tools keep for themselves: hidden files but cargo's (an editor's swap file, git's folder), backups, and folders
/// marked as made again at any time, as cargo's are.
fn is_no_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let own = (name.starts_with('.') && name != ".cargo") || name.starts_with('#') || name.ends_with('~');
    let cache = entry.file_type().is_some_and(|kind| kind.is_dir()) && entry.path().join("CACHEDIR.TAG").exists();
    // The folder of a package is one by whatever name.
    entry.depth() > 0 && (own || cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of sources under watch.
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

        /// What has changed, when it is quiet again.
        fn changed(&mut self) -> Vec<String> {
            while {
                let event = self.watch.events.recv_timeout(Duration::from_secs(60)).expect("the system tells of it");
                self.watch.settle(event).is_none()
            } {}
            let changed = self.watch.look().expect("looked");
            changed.iter().map(|path| path.strip_prefix(&self.path).expect("within").display().to_string()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.path);
        }
    }

    #[test]
    fn what_is_written_moved_and_removed_is_a_change_and_what_is_no_source_is_none() {
        let mut folder = Folder::new("ignored");
        assert_eq!(folder.watch.files(), 1);
        for name in
            ["a.log", "target/debug/main", "target/new", "kept/made", "src/b.log", "src/.main.rs.swp", "src/main.rs~"]
        {
            folder.write(name, "anew");
        }
        folder.write("src/main.rs", "fn main() { }");
        assert_eq!(folder.changed(), ["src/main.rs"]);
        // As an editor saves: beside, then over it.
        folder.write("src/new.log", "fn main() { 1; }");
        fs::rename(folder.path.join("src/new.log"), folder.path.join("src/main.rs")).expect("moved");
        assert_eq!(folder.changed(), ["src/main.rs"]);
        fs::remove_file(folder.path.join("src/main.rs")).expect("removed");
        assert_eq!(folder.changed(), ["src/main.rs"]);
    }

    #[test]
    fn new_folders_are_watched_and_so_are_those_that_come_back() {
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
    fn config_is_watched_though_it_is_ignored_and_so_is_a_file_that_is_not_there_yet() {
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
    fn what_is_only_read_wakes_nobody() {
        let mut folder = Folder::new("read");
        fs::read(folder.path.join("src/main.rs")).expect("read");
        Snapshot::take(&folder.watch.watched);
        folder.write("src/last.rs", "");
        // Events come in order: those of reading are before the first of this file.
        let last = folder.path.join("src/last.rs");
        while let Ok(event) = folder.watch.events.recv() {
            if event.as_ref().is_ok_and(|event| event.paths.contains(&last)) {
                break;
            }
            assert!(!folder.watch.wakes(event));
        }
        assert_eq!(folder.watch.look().expect("looked"), BTreeSet::from([last]));
    }
}
