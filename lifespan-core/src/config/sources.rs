//! The sources: the file and the environment, as they were at one moment.

use std::ffi::OsString;
use std::{env, io};

use super::environment::Environment;
use super::file::{Document, Entry, Node, Table};
use super::layers::{Layers, Names, SetValue};
use super::names::{argument_key, argument_names, argument_variable};
use super::read::Reader;
use super::{At, Tables, UnitNames, open};
use crate::base::{Problem, ProblemKind, Remedies, line};
use crate::declare::{Argument, UnitInfo};

/// The maximum size of the file. Ten thousand instances take about one megabyte.
const LARGEST: u64 = 64 << 20;
/// The file that is read if no variable names another.
const FILE: &str = "lifespan.toml";
/// The name of a text that is read instead, in messages.
#[cfg(feature = "testing")]
const TEXT: &str = "toml";
/// The variable that names another.
pub(super) const FILE_VARIABLE: &str = "LIFESPAN_CONFIG";

/// The file and the environment.
pub(crate) struct Sources {
    file: File,
    environment: Environment,
    layers: Layers,
    remedies: Remedies,
}

enum File {
    /// An empty app reads nothing.
    NotRead,
    Absent {
        directory: String,
    },
    /// The file could not be read, which has been reported. A value that seems to be missing may be in it.
    Broken {
        name: String,
    },
    Read(Document),
}

impl Sources {
    /// Creates sources without content: only defaults and code set values.
    pub(crate) fn none() -> Self {
        Self::new(File::NotRead, Environment::default())
    }

    /// Reads the process's environment, and the file that `LIFESPAN_CONFIG` names or `lifespan.toml` in the working directory.
    pub(crate) fn read(problems: &mut Vec<Problem>) -> Self {
        Self::read_with(Environment::new(env::vars_os()), problems)
    }

    fn read_with(environment: Environment, problems: &mut Vec<Problem>) -> Self {
        let named = environment.variables.get(FILE_VARIABLE).map(|set| &set.text).filter(|name| !name.is_empty());
        let name = named.map_or(FILE.into(), |name| name.to_string_lossy().into_owned());
        let file = match open::read(named.map_or(FILE.as_ref(), OsString::as_os_str).as_ref(), LARGEST) {
            Ok(bytes) => File::parse(name, bytes, problems),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => File::Absent {
                directory: env::current_dir()
                    .map_or_else(|_| "the working directory".into(), |path| path.display().to_string()),
            },
            Err(error) => {
                let problem = Problem::new(ProblemKind::Source, format!("{name} can't be read: {error}"));
                problems.push(match named {
                    Some(_) => problem.at(format!("variable {FILE_VARIABLE}")).help(format!(
                        "let {FILE_VARIABLE} name a regular file that exists, or unset it to read {FILE}"
                    )),
                    None => problem.help(format!(
                        "make it a regular file that can be read, or let {FILE_VARIABLE} name another file"
                    )),
                });
                File::Broken { name }
            }
        };
        Self::new(file, environment)
    }

    fn new(file: File, environment: Environment) -> Self {
        Self { file, environment, layers: Layers::default(), remedies: Remedies::default() }
    }

    /// Reads this text instead of a file, and no environment.
    #[cfg(feature = "testing")]
    pub(crate) fn of_text(text: &str, problems: &mut Vec<Problem>) -> Self {
        Self::new(File::parse(TEXT.into(), text.into(), problems), Environment::default())
    }

    /// Has messages advise these calls.
    pub(crate) fn advising(self, remedies: Remedies) -> Self {
        Self { remedies, ..self }
    }

    /// Returns the calls that messages advise.
    pub(super) fn remedies(&self) -> Remedies {
        self.remedies
    }

    /// Creates sources from a file and an environment, for tests.
    #[cfg(test)]
    pub(crate) fn given(file: Option<&str>, environment: &[(&str, &str)], problems: &mut Vec<Problem>) -> Self {
        let file = match file {
            Some(text) => File::parse(FILE.into(), text.into(), problems),
            None => File::Absent { directory: "nowhere".into() },
        };
        let variables = environment.iter().map(|(name, value)| (name.into(), value.into()));
        Self::new(file, Environment::new(variables))
    }

    /// Adds the values that code sets. A later value of a key replaces an earlier one.
    pub(crate) fn with_set(mut self, set: &[SetValue]) -> Self {
        self.layers.set.extend(set.iter().map(|set| (set.key.clone(), set.clone())));
        self
    }

    /// Returns what was read, for the log.
    pub(crate) fn described(&self) -> String {
        match &self.file {
            File::NotRead => "read no configuration".into(),
            File::Absent { directory } => format!("no {FILE} in {}", line(directory)),
            File::Broken { name } => format!("could not read {}", line(name)),
            File::Read(document) => format!("read {}", line(&document.name)),
        }
    }

    /// Reports a missing file, for a reload after a file was read.
    pub(crate) fn miss_file(&mut self, problems: &mut Vec<Problem>) {
        let File::Absent { directory } = &self.file else { return };
        let gone = Problem::new(ProblemKind::Source, format!("{FILE} was read before, but is gone"));
        problems.push(gone.at(directory.clone()).help("put it back; an empty file leaves every value at its default"));
        self.file = File::Broken { name: FILE.into() };
    }

    /// Returns whether a file was read, which may change.
    pub(crate) fn has_file(&self) -> bool {
        self.document().is_some()
    }

    /// Returns `lifespan.toml:3:7`, or `variable FOO`.
    pub(crate) fn place(&self, at: &At) -> String {
        match at {
            At::File(start) => self.document().map(|document| document.place(&(*start..*start))).unwrap_or_default(),
            At::Variable(name) => format!("variable {name}"),
            At::Set { place, .. } => place.clone(),
            At::Secret { path, named_by } => format!("{} ({named_by})", line(path)),
        }
    }

    /// Returns what messages call the place of a value.
    pub(super) fn name_of(&self, at: &At) -> String {
        match at {
            At::File(_) => self.place(at),
            At::Variable(name) => name.clone(),
            At::Set { key, .. } => format!("`app.set({key:?}, …)`"),
            At::Secret { path, .. } => format!("the secret file {}", line(path)),
        }
    }

    pub(super) fn document(&self) -> Option<&Document> {
        match &self.file {
            File::Read(document) => Some(document),
            _ => None,
        }
    }

    /// Returns whether a missing value may be in a file that could not be read.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.file, File::Broken { .. })
    }

    /// Returns whether messages can advise to set a value in the sources.
    pub(super) fn are_read(&self) -> bool {
        !matches!(self.file, File::NotRead)
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(super) fn environment_mut(&mut self) -> &mut Environment {
        &mut self.environment
    }

    pub(super) fn layers(&self) -> &Layers {
        &self.layers
    }

    pub(super) fn layers_mut(&mut self) -> &mut Layers {
        &mut self.layers
    }

    /// Returns the name of the file, for advice.
    pub(super) fn file_name(&self) -> &str {
        match &self.file {
            File::Read(Document { name, .. }) | File::Broken { name } => name,
            File::NotRead | File::Absent { .. } => FILE,
        }
    }

    /// Returns the tables of keyword arguments for a unit.
    pub(crate) fn tables_for(&self, unit: &UnitInfo, names: &UnitNames) -> Tables {
        match self.node_for(unit, names) {
            None => Tables::None,
            Some((_, node)) => node.as_tables().map_or(Tables::One, |tables| Tables::Many(tables.len())),
        }
    }

    /// Returns the file's entry for a unit under `[tasks]`, and the name that it uses there.
    pub(super) fn entry_for<'s, 'n>(&'s self, unit: &UnitInfo, names: &'n UnitNames) -> Option<(&'n str, &'s Entry)> {
        let tasks = self.document()?.root.table("tasks")?;
        names.addresses(unit).iter().find_map(|address| Some((address.as_str(), tasks.get(address)?)))
    }

    /// Returns the file's node for a unit under `[tasks]`, and the name that it uses there.
    pub(super) fn node_for<'s, 'n>(&'s self, unit: &UnitInfo, names: &'n UnitNames) -> Option<(&'n str, &'s Node)> {
        self.entry_for(unit, names).map(|(address, entry)| (address, &entry.node))
    }

    /// Returns the values with these names in the layers above the file, highest first.
    pub(super) fn above_the_file(&self, names: &Names) -> Vec<(At, Reader<'_>)> {
        let layers = self.layers();
        let set = names.keys.iter().filter_map(|key| layers.set.get(key));
        let set = set.map(|set| (set.at(), Reader::text(Some(&set.text))));
        let variables = names.variables.iter().filter_map(|name| self.environment().get(name));
        let secrets = names.keys.iter().filter_map(|key| layers.secrets.get(key));
        let secrets = secrets.map(|secret| (secret.at.clone(), Reader::text(Some(&secret.text))));
        set.chain(variables).chain(secrets).collect()
    }

    /// Returns the values of an argument in the layers above the file, highest first.
    pub(super) fn argument_above_the_file(
        &self,
        unit: &UnitInfo,
        argument: &Argument,
        names: &UnitNames,
    ) -> Vec<(At, Reader<'_>)> {
        let mut all = Names::default();
        if self.environment.has_arguments || !self.layers.is_empty() {
            for address in names.addresses(unit) {
                for name in argument_names(argument) {
                    all.keys.push(argument_key(address, name));
                    all.variables.push(argument_variable(address, name));
                }
            }
        }
        all.variables.extend(argument.env.map(str::to_owned));
        self.above_the_file(&all)
    }
}

impl File {
    fn parse(name: String, bytes: Vec<u8>, problems: &mut Vec<Problem>) -> Self {
        let broken = match String::from_utf8(bytes) {
            Ok(text) => match Document::parse(name.clone(), text) {
                Ok(document) => return Self::Read(document),
                Err(problem) => problem,
            },
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.split(|byte| *byte == b'\n').count();
                Problem::new(ProblemKind::Source, format!("{name} is not UTF-8, as TOML must be"))
                    .at(format!("{name}:{line}"))
                    .help("save it as UTF-8")
            }
        };
        problems.push(broken);
        Self::Broken { name }
    }
}

impl Sources {
    /// Returns `[lifespan]`, if it is a table.
    pub(super) fn lifespan(&self) -> Option<&Table> {
        self.document()?.root.table("lifespan")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(value: &OsString) -> (Sources, Vec<Problem>) {
        let mut problems = Vec::new();
        let environment = Environment::new([(FILE_VARIABLE.into(), value.clone())].into_iter());
        (Sources::read_with(environment, &mut problems), problems)
    }

    #[test]
    fn a_file_that_is_named_must_exist_and_the_usual_one_need_not() {
        let (sources, problems) = read(&"no/such/file.toml".into());
        assert_eq!(problems.len(), 1);
        let text = problems[0].to_string();
        assert_eq!(problems[0].kind(), ProblemKind::Source);
        for part in ["no/such/file.toml can't be read", "variable LIFESPAN_CONFIG", "name a regular file that exists"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(sources.described(), "could not read no/such/file.toml");
        let (sources, problems) = read(&"".into());
        assert!(problems.is_empty());
        assert!(sources.described().starts_with("no lifespan.toml in "), "{}", sources.described());
    }

    #[test]
    fn a_named_file_is_read_with_a_byte_order_mark_and_other_line_ends() {
        let path = env::temp_dir().join(format!("lifespan-sources-{}.toml", std::process::id()));
        fs::write(&path, "\u{feff}[lifespan]\r\ngrace = '1s'\r\nstay_up = 1\r\n")
            .expect("the directory for such files");
        let (sources, mut problems) = read(&path.clone().into());
        let settings = sources.settings(&mut problems);
        fs::remove_file(&path).expect("just written");
        assert_eq!(settings.grace, Some(std::time::Duration::from_secs(1)));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].places()[0].ends_with(":3:11"), "{problems:?}");
        assert_eq!(sources.described(), format!("read {}", path.display()));
    }

    #[test]
    fn a_file_that_is_no_text_is_told_with_the_line() {
        let mut problems = Vec::new();
        let file = File::parse(FILE.into(), b"a = 1\nb = '\xff'".into(), &mut problems);
        assert!(matches!(file, File::Broken { .. }));
        assert_eq!(problems[0].places(), ["lifespan.toml:2"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_told_only_where_it_is_asked_for() {
        use std::os::unix::ffi::OsStringExt;
        let value = OsString::from_vec(vec![0xff]);
        let environment = Environment::new([("LIFESPAN_APP__GRACE".into(), value)].into_iter());
        let mut problems = Vec::new();
        let sources = Sources::read_with(environment, &mut problems);
        assert!(problems.is_empty());
        assert_eq!(sources.settings(&mut problems).grace, None);
        assert!(problems[0].to_string().contains("LIFESPAN_APP__GRACE"), "{problems:?}");
        assert!(problems[0].to_string().contains("not UTF-8"), "{problems:?}");
    }
}
