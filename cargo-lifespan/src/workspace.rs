//! Reads the workspace from `cargo metadata`: the program to run, the files to watch, and the settings in its manifest.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::arguments::{Arguments, Named};

/// The parts of the workspace that concern one program.
#[derive(Debug, PartialEq)]
pub(crate) struct Workspace {
    pub(crate) program: Program,
    /// The addresses that the program's manifest lists.
    pub(crate) listen: Vec<String>,
    pub(crate) manifest: PathBuf,
    /// The folders of the path packages, and the files that concern the whole workspace.
    pub(crate) watched: Vec<PathBuf>,
    /// The number of these packages.
    pub(crate) packages: usize,
    pub(crate) target_directory: PathBuf,
}

/// The target to build and run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program {
    /// Cargo's unique id of its package.
    pub(crate) package: String,
    pub(crate) name: String,
    pub(crate) example: bool,
}

/// Returns the path of cargo.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Returns the platform that cargo builds for by default.
fn host() -> anyhow::Result<String> {
    let output = Command::new(cargo())
        .args(["--version", "--verbose"])
        .output()
        .context("cannot run cargo; is it installed and in PATH?")?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let host = lines.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`cargo --version --verbose` prints no host; is it cargo?")?.to_owned())
}

impl Workspace {
    /// Reads the workspace of the working directory.
    pub(crate) fn read(arguments: &Arguments) -> anyhow::Result<Self> {
        Self::ask(arguments, Stdio::inherit())
    }

    /// Reads the workspace without showing cargo's messages.
    pub(crate) fn read_quietly(arguments: &Arguments) -> anyhow::Result<Self> {
        Self::ask(arguments, Stdio::null())
    }

    fn ask(arguments: &Arguments, messages: Stdio) -> anyhow::Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--format-version", "1"])
            // Without this, cargo fetches packages that no build here needs.
            .args(["--filter-platform", &host()?])
            .args(&arguments.lookup)
            .stderr(messages)
            .output()
            .context("cannot run `cargo metadata`")?;
        if !output.status.success() {
            bail!("`cargo metadata` failed, see above; fix the error and start again");
        }
        let metadata = serde_json::from_slice(&output.stdout).context("cannot read the output of `cargo metadata`")?;
        let directory = std::env::current_dir().context("cannot read the working directory")?;
        Self::of(metadata, &directory, arguments)
    }

    fn of(metadata: Metadata, directory: &Path, arguments: &Arguments) -> anyhow::Result<Self> {
        let (package, target) = metadata.choose(directory, arguments)?;
        let program = Program {
            package: package.id.clone(),
            name: target.name.clone(),
            example: target.kind.iter().any(|kind| kind == "example"),
        };
        let listen = package.dev_table()?.listen;
        let manifest = package.manifest_path.clone();
        let mut folders: Vec<PathBuf> =
            metadata.packages.iter().filter(|package| package.source.is_none()).map(Package::folder).collect();
        let packages = folders.len();
        folders.sort();
        // A folder within another is watched with it.
        folders.dedup_by(|folder, outer| folder.starts_with(outer));
        let root = &metadata.workspace_root;
        folders.extend(
            ["Cargo.toml", "Cargo.lock", ".cargo", "rust-toolchain.toml"]
                .map(|name| root.join(name))
                .into_iter()
                .filter(|path| !folders.iter().any(|folder| path.starts_with(folder)))
                .collect::<Vec<_>>(),
        );
        Ok(Self { program, listen, manifest, watched: folders, packages, target_directory: metadata.target_directory })
    }
}

impl Metadata {
    /// Returns the program that `cargo run` would run.
    fn choose(&self, directory: &Path, arguments: &Arguments) -> anyhow::Result<(&Package, &Target)> {
        let packages = self.candidates(directory, arguments)?;
        let targets = packages.iter().flat_map(|package| package.targets.iter().map(move |target| (*package, target)));
        let found: Vec<_> = match &arguments.target {
            Some(Named::Bin(name)) => targets.filter(|(_, target)| target.is("bin", name)).collect(),
            Some(Named::Example(name)) => targets.filter(|(_, target)| target.is("example", name)).collect(),
            None => {
                let bins: Vec<_> = targets.filter(|(_, target)| target.kind.iter().any(|kind| kind == "bin")).collect();
                let by_default =
                    bins.iter().find(|(package, target)| package.default_run.as_ref() == Some(&target.name)).copied();
                if bins.len() > 1 { by_default.map_or(bins, |one| vec![one]) } else { bins }
            }
        };
        match found.as_slice() {
            [one] => Ok(*one),
            [] => {
                let asked = match &arguments.target {
                    Some(Named::Bin(name)) => format!("binary `{name}`"),
                    Some(Named::Example(name)) => format!("example `{name}`"),
                    None => "binary".to_owned(),
                };
                let names: Vec<_> = packages.iter().map(|package| format!("`{}`", package.name)).collect();
                bail!(
                    "no {asked} in {}; choose a program with --bin or --example, its package with -p",
                    names.join(", ")
                )
            }
            several => {
                let names: Vec<_> = several.iter().map(|(_, target)| format!("`{}`", target.name)).collect();
                bail!(
                    "several programs found: {}; choose one with --bin, its package with -p, or set `default-run` in Cargo.toml",
                    names.join(", ")
                )
            }
        }
    }

    /// Returns the packages to choose the program from: the named one, the one of the directory, or the default members.
    fn candidates(&self, directory: &Path, arguments: &Arguments) -> anyhow::Result<Vec<&Package>> {
        let members = || self.packages.iter().filter(|package| self.workspace_members.contains(&package.id));
        if let Some(name) = &arguments.package {
            let found: Vec<_> = members().filter(|package| package.name == *name).collect();
            if found.is_empty() {
                let all: Vec<_> = members().map(|package| format!("`{}`", package.name)).collect();
                bail!("no package `{name}` in the workspace; valid names: {}", all.join(", "));
            }
            return Ok(found);
        }
        let around = members()
            .filter(|package| directory.starts_with(package.folder()))
            .max_by_key(|package| package.folder().components().count());
        Ok(match around {
            Some(package) => vec![package],
            None => members().filter(|package| self.workspace_default_members.contains(&package.id)).collect(),
        })
    }
}

/// The parts of the output of `cargo metadata` that are read here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    workspace_default_members: Vec<String>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    /// `None` for a path package.
    source: Option<String>,
    targets: Vec<Target>,
    default_run: Option<String>,
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// The table `[package.metadata.lifespan.dev]`.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct DevTable {
    #[serde(default)]
    listen: Vec<String>,
}

impl Package {
    fn folder(&self) -> PathBuf {
        self.manifest_path.parent().unwrap_or(Path::new("/")).to_owned()
    }

    fn dev_table(&self) -> anyhow::Result<DevTable> {
        let table = self.metadata.as_ref().and_then(|metadata| metadata.get("lifespan")?.get("dev"));
        table.map_or(Ok(DevTable::default()), |table| {
            DevTable::deserialize(table).with_context(|| {
                format!(
                    "[package.metadata.lifespan.dev] in {} is invalid; write listen = [\"127.0.0.1:3000\"]",
                    self.manifest_path.display()
                )
            })
        })
    }
}

impl Target {
    fn is(&self, kind: &str, name: &str) -> bool {
        self.name == name && self.kind.iter().any(|own| own == kind)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn package(name: &str, folder: &str, targets: &[(&str, &str)]) -> Value {
        let targets: Vec<_> = targets.iter().map(|(kind, name)| json!({"kind": [kind], "name": name})).collect();
        json!({
            "id": name, "name": name, "manifest_path": format!("{folder}/Cargo.toml"), "source": null,
            "targets": targets, "default_run": null, "metadata": null,
        })
    }

    fn shop() -> Value {
        let mut web =
            package("web", "/shop/web", &[("lib", "web"), ("bin", "web"), ("bin", "admin"), ("example", "demo")]);
        web["metadata"] = json!({"lifespan": {"dev": {"listen": ["127.0.0.1:3000"]}}});
        let mut serde = package("serde", "/registry/serde", &[("lib", "serde")]);
        serde["source"] = json!("registry");
        json!({
            "packages": [
                web, serde,
                package("jobs", "/shop/jobs", &[("bin", "jobs")]),
                package("nested", "/shop/web/nested", &[("lib", "nested")]),
                package("sibling", "/sibling", &[("lib", "sibling")]),
            ],
            "workspace_members": ["web", "jobs", "nested"],
            "workspace_default_members": ["web", "jobs", "nested"],
            "workspace_root": "/shop",
            "target_directory": "/shop/target",
        })
    }

    fn read(metadata: Value, directory: &str, line: &str) -> Result<Workspace, String> {
        let words = format!("dev {line}");
        let asked = crate::arguments::parse(words.split_whitespace().map(OsString::from));
        let Ok(crate::arguments::Asked::Dev(arguments)) = asked else { panic!("{asked:?}") };
        let metadata = serde_json::from_value(metadata).expect("as cargo prints it");
        Workspace::of(metadata, Path::new(directory), &arguments).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_program_is_the_one_that_cargo_would_run() {
        let name = |directory, line| read(shop(), directory, line).map(|workspace| workspace.program.name);
        assert_eq!(name("/shop/jobs/src", ""), Ok("jobs".to_owned()));
        assert_eq!(name("/shop", "-p jobs"), Ok("jobs".to_owned()));
        assert_eq!(name("/shop", "--bin admin"), Ok("admin".to_owned()));
        assert_eq!(name("/shop", "--example demo"), Ok("demo".to_owned()));
        let mut with_default = shop();
        with_default["packages"][0]["default_run"] = json!("web");
        assert_eq!(read(with_default, "/shop/web", "").map(|workspace| workspace.program.name), Ok("web".to_owned()));
    }

    #[test]
    fn an_ambiguous_program_has_to_be_chosen_by_name() {
        let error = |directory, line| read(shop(), directory, line).expect_err("refused");
        assert!(error("/shop/web", "").starts_with("several programs found: `web`, `admin`; choose one with --bin"));
        assert!(error("/shop/web/nested", "").starts_with("no binary in `nested`; choose a program with --bin"));
        assert!(error("/shop", "--bin demo").starts_with("no binary `demo` in `web`, `jobs`, `nested`"));
        assert_eq!(error("/shop", "-p wbe"), "no package `wbe` in the workspace; valid names: `web`, `jobs`, `nested`");
    }

    #[test]
    fn path_packages_are_watched_and_registry_packages_are_not() {
        let workspace = read(shop(), "/shop", "--bin web").expect("found");
        let watched = ["/shop/jobs", "/shop/web", "/sibling"].map(PathBuf::from);
        assert_eq!(workspace.watched[..3], watched);
        assert!(workspace.watched.contains(&PathBuf::from("/shop/Cargo.lock")));
        assert_eq!(workspace.packages, 4);
        assert_eq!(workspace.listen, ["127.0.0.1:3000"]);
    }

    #[test]
    fn an_unknown_key_of_the_table_is_an_error() {
        let mut metadata = shop();
        metadata["packages"][0]["metadata"]["lifespan"]["dev"] = json!({"lisen": []});
        let error = read(metadata, "/shop", "--bin web").expect_err("refused");
        assert!(error.contains("in /shop/web/Cargo.toml is invalid"), "{error}");
        assert!(error.contains("unknown field `lisen`"), "{error}");
    }
}
