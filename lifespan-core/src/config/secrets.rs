//! Reads files with secrets: those that variables ending in `_FILE` name, and those in folders of secrets.

use std::collections::BTreeSet;
use std::path::Path;

use super::layers::Secret;
use super::names::{FILE_SUFFIX, argument_key, argument_variable, policy_key, policy_variable};
use super::read_settings::{app_keys, app_variable, policy_keys};
use super::{At, Sources, UnitNames, open};
use crate::base::{Problem, ProblemKind, line};

/// The variable in which systemd names the folder of a service's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// The maximum size of a secret. A large certificate chain takes a hundredth of it.
const LARGEST: u64 = 1 << 20;

impl Sources {
    /// Reads the files with secrets for these units. Files of other programs are left alone.
    pub(crate) fn read_secrets(&mut self, names: impl Fn() -> UnitNames, problems: &mut Vec<Problem>) {
        self.read_named_files(&names, problems);
        let credentials = self.environment().text(CREDENTIALS);
        let folder = self.settings(&mut Vec::new()).secrets;
        let folders = [
            credentials.map(|path| (path, format!("variable {CREDENTIALS}"))),
            folder.map(|path| (path.to_string(), "the app's `secrets`".to_owned())),
        ];
        let folders: Vec<_> = folders.into_iter().flatten().collect();
        if folders.is_empty() {
            return;
        }
        let keys = known_keys(&names());
        for (folder, named_by) in folders {
            self.read_folder(&folder, &named_by, &keys, problems);
        }
    }

    /// Reads the files that variables name: `X_FILE` for a variable `X`.
    fn read_named_files(&mut self, names: &impl Fn() -> UnitNames, problems: &mut Vec<Problem>) {
        let files: Vec<(String, String)> = self.environment().named_files().collect();
        if files.is_empty() {
            return;
        }
        let known = known_variables(&names());
        for (variable, path) in files {
            let Some(meant) = variable.strip_suffix(FILE_SUFFIX).filter(|meant| known.contains(*meant)) else {
                continue;
            };
            // An argument may itself be called `…_file`.
            if known.contains(&variable) {
                continue;
            }
            let at = format!("variable {variable}");
            if self.environment().text(meant).is_some() {
                let what = format!("both {meant} and {variable} are set");
                problems.push(Problem::new(ProblemKind::Conflict, what).at(at).help("unset one of them"));
                continue;
            }
            match read(Path::new(&path)) {
                Ok(text) => {
                    let secret = Secret { text, at: At::Secret { path, named_by: at } };
                    self.environment_mut().put_secret(meant, secret);
                }
                Err(error) => problems.push(unreadable(&path, &at, &error)),
            }
        }
    }

    fn read_folder(&mut self, folder: &str, named_by: &str, keys: &BTreeSet<String>, problems: &mut Vec<Problem>) {
        let entries = match Path::new(folder).read_dir() {
            Ok(entries) => entries,
            Err(error) => {
                let what = format!("the folder of secrets {} can't be read: {error}", line(folder));
                let problem = Problem::new(ProblemKind::Source, what).at(named_by.to_owned());
                return problems.push(problem.help("set it to a folder that exists, or unset it"));
            }
        };
        // Entries that can't be read, and names that are not UTF-8, are skipped.
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut ours: Vec<String> = names.filter(|name| keys.contains(name)).collect();
        ours.sort_unstable();
        for key in ours {
            let path = Path::new(folder).join(&key).display().to_string();
            match read(Path::new(&path)) {
                Ok(text) => {
                    let secret = Secret { text, at: At::Secret { path, named_by: named_by.to_owned() } };
                    self.layers_mut().secrets.entry(key).or_insert(secret);
                }
                Err(error) => problems.push(unreadable(&path, named_by, &error)),
            }
        }
    }
}

fn unreadable(path: &str, named_by: &str, error: &str) -> Problem {
    let what = format!("the secret file {} can't be read: {error}", line(path));
    Problem::new(ProblemKind::Source, what)
        .at(named_by.to_owned())
        .help("it must be a regular file with one value in UTF-8, which may end with one newline")
}

/// Reads a secret, without one newline at its end.
fn read(path: &Path) -> Result<String, String> {
    let bytes = open::read(path, LARGEST).map_err(|error| error.to_string())?;
    let mut text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err("it is empty".into()) } else { Ok(text) }
}

/// Returns the dotted key of every argument and setting.
pub(super) fn known_keys(names: &UnitNames) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = app_keys().map(|setting| format!("lifespan.{setting}")).collect();
    keys.extend(names.all().flat_map(|(_, address)| policy_keys().map(move |setting| policy_key(address, setting))));
    keys.extend(names.arguments().map(|(_, _, address, name)| argument_key(address, name)));
    keys
}

/// Returns the variable of every argument and setting.
fn known_variables(names: &UnitNames) -> BTreeSet<String> {
    let mut variables: BTreeSet<String> = app_keys().map(app_variable).collect();
    let policies = |(_, address)| policy_keys().map(move |setting| policy_variable(address, setting));
    variables.extend(names.all().flat_map(policies));
    for (_, argument, address, name) in names.arguments() {
        variables.insert(argument_variable(address, name));
        variables.extend(argument.env.map(str::to_owned));
    }
    variables
}
