//! Copies of built binaries: the running one and the last good one stay unchanged while cargo writes new ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use anyhow::Context;

/// A copy of a binary; its file is removed when the last handle is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Binary(Rc<Kept>);

#[derive(Debug)]
struct Kept {
    folder: PathBuf,
    path: PathBuf,
}

/// The folder of the copies, and the last copy.
#[derive(Debug)]
pub(crate) struct Binaries {
    folder: PathBuf,
    count: u32,
    last: Option<(Stamp, Binary)>,
}

/// Identifies one version of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
}

impl Binaries {
    /// Creates the store of this process, in a folder inside cargo's target directory.
    pub(crate) fn below(target_directory: &Path) -> Self {
        let folder = target_directory.join("lifespan-dev").join(std::process::id().to_string());
        Self { folder, count: 0, last: None }
    }

    /// Copies this file, or returns the last copy if the file was not written since.
    pub(crate) fn keep(&mut self, executable: &Path) -> anyhow::Result<Binary> {
        self.copy(executable).with_context(|| {
            format!("cannot copy {} into {}; is the disk full?", executable.display(), self.folder.display())
        })
    }

    fn copy(&mut self, executable: &Path) -> anyhow::Result<Binary> {
        let metadata = fs::metadata(executable)?;
        let stamp = Stamp { modified: metadata.modified()?, length: metadata.len() };
        if let Some((_, binary)) = self.last.as_ref().filter(|(of, _)| *of == stamp) {
            return Ok(binary.clone());
        }
        self.count += 1;
        let folder = self.folder.join(self.count.to_string());
        fs::create_dir_all(&folder)?;
        // The copy keeps the file's name, which `ps` and the program's messages show.
        let path = folder.join(executable.file_name().context("it has no name")?);
        let binary = Binary(Rc::new(Kept { folder, path }));
        fs::copy(executable, &binary.0.path)?;
        self.last = Some((stamp, binary.clone()));
        Ok(binary)
    }
}

impl Binary {
    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }
}

impl PartialEq for Binary {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // `cargo clean` removes the files that can't be removed here.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Binaries {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_one_version_of_a_file_and_is_removed_with_its_last_handle() {
        let folder = std::env::temp_dir().join(format!("cargo-lifespan-binaries-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("web");
        fs::write(&file, "one").expect("written");
        let mut binaries = Binaries::below(&folder);
        let first = binaries.keep(&file).expect("copied");
        assert!(binaries.keep(&file).expect("copied") == first);

        fs::write(&file, "another").expect("written");
        let second = binaries.keep(&file).expect("copied");
        assert!(second != first);
        assert_eq!(fs::read_to_string(first.path()).expect("there"), "one");
        assert_eq!(second.path().file_name(), file.file_name());

        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists());
        drop((second, binaries));
        fs::remove_dir_all(&folder).expect("removed");
    }
}
