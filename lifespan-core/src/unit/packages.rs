//! The packages of the linked units, by the paths of their sources: which of them a program means is for `discover!` to
//! say.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::base::{Problem, ProblemKind};
use crate::unit::descriptor::Descriptor;

/// Reports units of several packages in a program without a `discover!`.
pub(super) fn undiscovered(units: &[&'static Descriptor]) -> Option<Problem> {
    let mut crates: BTreeMap<&'static str, Vec<&'static Descriptor>> = BTreeMap::new();
    for unit in units.iter().filter(|unit| is_automatic(unit)) {
        crates.entry(unit.crate_name()).or_default().push(unit);
    }
    let mut packages: Vec<PathBuf> = crates.iter().map(|(name, units)| package(name, units)).collect();
    packages.sort_unstable();
    packages.dedup();
    if packages.len() < 2 {
        return None;
    }
    let counted: Vec<String> = crates
        .iter()
        .map(|(name, units)| format!("`{name}` ({} unit{})", units.len(), if units.len() == 1 { "" } else { "s" }))
        .collect();
    let what = format!(
        "units of several packages are linked, and no `discover!` says which belong to this program: {}",
        counted.join(", ")
    );
    let mut problem = Problem::new(ProblemKind::NotDiscovered, what);
    for unit in crates.values().filter_map(|units| units.first()) {
        problem = problem.at(format!("{} ({} `{}`)", unit.location(), unit.kind, unit.name));
    }
    Some(problem.help(advice(&crates.keys().copied().collect::<Vec<_>>(), own_crate().as_deref())))
}

/// Returns whether a unit runs without being named and without a table.
fn is_automatic(unit: &Descriptor) -> bool {
    !unit.options.manual && !unit.options.configured
}

/// Returns the macro to paste.
fn advice(crates: &[&str], own: Option<&str>) -> String {
    let others: Vec<&str> = crates.iter().copied().filter(|name| Some(*name) != own).collect();
    let is_known = others.len() < crates.len();
    let macro_ = format!("lifespan::discover! {{ pub fn lifespan_tasks(); link {}; }}", others.join(", "));
    let rest = if is_known { "" } else { "; leave out the crate that it stands in" };
    format!("paste this next to `main`, and remove from `link` the crates whose units must not run: `{macro_}`{rest}")
}

/// Returns the folder of a crate's package: the shortest of those that the paths of its units suggest, or else its name.
fn package(name: &str, units: &[&'static Descriptor]) -> PathBuf {
    let folders = units.iter().filter_map(|unit| folder(Path::new(unit.place.file)));
    folders.min_by_key(|folder| folder.components().count()).unwrap_or_else(|| format!("crate {name}").into())
}

/// Returns what comes before the last `src`, `tests`, `examples` or `benches` in a path.
fn folder(file: &Path) -> Option<PathBuf> {
    let components: Vec<Component<'_>> = file.components().collect();
    let is_of_cargo = |component: &Component<'_>| {
        ["src", "tests", "examples", "benches"].iter().any(|name| component.as_os_str() == *name)
    };
    let mut end = components.iter().rposition(is_of_cargo)?;
    // A module's folder within `src` may have such a name.
    while end > 0 && is_of_cargo(&components[end - 1]) {
        end -= 1;
    }
    Some(components[..end].iter().collect())
}

/// Returns the crate of the running program, as its file's name suggests.
fn own_crate() -> Option<String> {
    let file = std::env::current_exe().ok()?;
    Some(crate_of(file.file_stem()?.to_str()?))
}

/// Returns a program's crate name: `_` for `-`, without the hash that cargo adds to test binaries.
fn crate_of(program: &str) -> String {
    let name = match program.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|c| c.is_ascii_hexdigit()) => name,
        _ => program,
    };
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_and_the_programs_of_one_package_are_one_package() {
        for (file, expected) in [
            ("src/main.rs", ""),
            ("src/bin/two/main.rs", ""),
            ("src/jobs/tests/helper.rs", "src/jobs"),
            ("src/tests/helper.rs", ""),
            ("tests/choice.rs", ""),
            ("jobs/src/lib.rs", "jobs"),
            ("examples/many/jobs/src/lib.rs", "examples/many/jobs"),
            ("/cargo/registry/jobs-1.0.0/src/lib.rs", "/cargo/registry/jobs-1.0.0"),
        ] {
            assert_eq!(folder(Path::new(file)), Some(expected.into()), "{file}");
        }
        assert_eq!(folder(Path::new("/target/debug/build/out/generated.rs")), None);
    }

    #[test]
    fn the_macro_to_paste_leaves_out_the_crate_of_the_program() {
        assert_eq!(crate_of("my-service"), "my_service");
        assert_eq!(crate_of("choice-607472c53e68b8df"), "choice");
        let known = advice(&["jobs", "service"], Some("service"));
        assert!(known.ends_with("`lifespan::discover! { pub fn lifespan_tasks(); link jobs; }`"), "{known}");
        let unknown = advice(&["jobs", "service"], Some("renamed"));
        assert!(unknown.ends_with("link jobs, service; }`; leave out the crate that it stands in"), "{unknown}");
    }
}
