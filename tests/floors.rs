//! The floors of each crate: imports point down only, and no files import each other in a cycle.
//!
//! Imports are read from the sources: `use` trees, and inline paths that begin with `crate`, `super` or `self`. A name that
//! a folder re-exports counts for the file that it comes from. Test modules are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

type Segments = Vec<String>;

/// One crate, as its sources read.
#[derive(Default)]
struct Crate {
    /// Each module's path, with its file; with two where the platform or a feature chooses.
    modules: BTreeMap<Segments, Vec<PathBuf>>,
    /// What a module re-exports or imports, by name; `*` for globs.
    names: BTreeMap<Segments, Vec<(String, Segments)>>,
    /// The file and the module in which a path stands, and the path.
    paths: BTreeSet<(PathBuf, Segments, Segments)>,
}

impl Crate {
    fn read(src: &Path) -> Self {
        let mut read = Self::default();
        let root = if src.join("lib.rs").exists() { "lib.rs" } else { "main.rs" };
        read.file(&src.join(root), src, &Vec::new());
        read
    }

    fn file(&mut self, file: &Path, folder: &Path, module: &Segments) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.modules.entry(module.clone()).or_default().push(file.to_owned());
        self.tokens(tokens, folder, module, file);
    }

    fn tokens(&mut self, tokens: TokenStream, folder: &Path, module: &Segments, file: &Path) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut is_test = false;
        let mut named_file = None;
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(group)) = tokens.get(at + 1) {
                        let text: String = group.stream().to_string().split_whitespace().collect();
                        is_test |= text.starts_with("cfg(test)") || text.starts_with("cfg(all(test");
                        if let Some(name) = text.strip_prefix("path=\"") {
                            named_file = Some(name.trim_end_matches('"').to_owned());
                        }
                        self.tokens(group.stream(), folder, module, file);
                        at += 2;
                        continue;
                    }
                }
                TokenTree::Ident(word) if word == "mod" => {
                    let name = tokens[at + 1].to_string();
                    match tokens.get(at + 2) {
                        Some(TokenTree::Punct(_)) if !is_test => self.child(&name, named_file.take(), folder, module),
                        Some(TokenTree::Group(body)) if !is_test => {
                            let inner: Segments = module.iter().cloned().chain([name.clone()]).collect();
                            self.modules.entry(inner.clone()).or_default().push(file.to_owned());
                            self.tokens(body.stream(), &folder.join(name), &inner, file);
                        }
                        _ => {}
                    }
                    is_test = false;
                    at += 3;
                    continue;
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = (at..tokens.len()).find(|&end| is_punct(tokens.get(end), ';')).unwrap_or(tokens.len());
                    if !is_test {
                        self.import(&tokens[at + 1..end], &Vec::new(), module, file);
                    }
                    is_test = false;
                    at = end + 1;
                    continue;
                }
                TokenTree::Ident(word) if word == "crate" || word == "super" || word == "self" => {
                    let (path, next) = path(&tokens, at);
                    if path.len() > 1 {
                        let path = absolute(&path, module);
                        self.paths.insert((file.to_owned(), module.clone(), path));
                    }
                    at = next.max(at + 1);
                    continue;
                }
                TokenTree::Group(group) => {
                    if !is_test {
                        self.tokens(group.stream(), folder, module, file);
                    }
                    if group.delimiter() == Delimiter::Brace {
                        is_test = false;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => is_test = false,
                _ => {}
            }
            at += 1;
        }
    }

    fn child(&mut self, name: &str, named_file: Option<String>, folder: &Path, module: &Segments) {
        let inner: Segments = module.iter().cloned().chain([name.to_owned()]).collect();
        let below = folder.join(name);
        let beside = folder.join(named_file.unwrap_or_else(|| format!("{name}.rs")));
        let file = below.join("mod.rs");
        if file.exists() {
            self.file(&file, &below, &inner);
        } else if beside.exists() {
            self.file(&beside, &below, &inner);
        }
    }

    /// Takes in a `use` tree.
    fn import(&mut self, tree: &[TokenTree], before: &Segments, module: &Segments, file: &Path) {
        let mut path = before.clone();
        let mut at = 0;
        while at < tree.len() {
            match &tree[at] {
                TokenTree::Ident(word) if word == "as" => {
                    let alias = tree[at + 1].to_string();
                    return self.name(alias, &path, module, file);
                }
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    return self.name("*".to_owned(), &path, module, file);
                }
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for branch in inner.split(|token| is_punct(Some(token), ',')) {
                        self.import(branch, &path, module, file);
                    }
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        if let Some(name) = path.last().cloned() {
            let is_self = name == "self" && path.len() > 1;
            let path = if is_self { path[..path.len() - 1].to_vec() } else { path };
            let name = path.last().cloned().unwrap_or_default();
            self.name(name, &path, module, file);
        }
    }

    fn name(&mut self, name: String, path: &Segments, module: &Segments, file: &Path) {
        let known = path.first().is_some_and(|first| ["crate", "super", "self"].contains(&first.as_str()));
        // Otherwise it begins with a child, which may be declared further down, or with another crate.
        let path =
            if known { absolute(path, module) } else { module.iter().cloned().chain(path.iter().cloned()).collect() };
        self.names.entry(module.clone()).or_default().push((name, path.clone()));
        self.paths.insert((file.to_owned(), module.clone(), path));
    }

    /// Returns the file that a path leads to; `None` if it leaves the crate.
    fn target(&self, path: &Segments, depth: usize) -> Option<&Vec<PathBuf>> {
        let length = (0..=path.len()).rev().find(|&length| self.modules.contains_key(&path[..length]))?;
        let module = path[..length].to_vec();
        let Some(name) = path.get(length) else { return self.modules.get(&module) };
        if depth < 8 {
            let names = self.names.get(&module).into_iter().flatten();
            for (known, to) in names.filter(|(known, _)| known == name || known == "*") {
                let to: Segments =
                    if known == "*" { to.iter().cloned().chain([name.clone()]).collect() } else { to.clone() };
                if to == *path {
                    continue;
                }
                let found = self.target(&to, depth + 1);
                if found.is_some() && (known != "*" || found != self.modules.get(&Vec::new())) {
                    return found;
                }
            }
        }
        self.modules.get(&module)
    }

    /// Returns each import of a file by another.
    fn arrows(&self) -> BTreeSet<(PathBuf, PathBuf)> {
        let mut arrows = BTreeSet::new();
        for (from, module, path) in &self.paths {
            // A path that begins with a name that is no module here is another crate's.
            let is_foreign = path.len() > module.len()
                && path.starts_with(module)
                && !self.modules.contains_key(&path[..=module.len()]);
            if !is_foreign {
                let targets = self.target(path, 0).into_iter().flatten();
                arrows.extend(targets.filter(|to| *to != from).map(|to| (from.clone(), to.clone())));
            }
        }
        arrows
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// The path that begins at this token, and where it ends.
fn path(tokens: &[TokenTree], begin: usize) -> (Segments, usize) {
    let mut path = vec![tokens[begin].to_string()];
    let mut at = begin + 1;
    while is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':') {
        let Some(TokenTree::Ident(word)) = tokens.get(at + 2) else { break };
        path.push(word.to_string());
        at += 3;
    }
    (path, at)
}

fn absolute(path: &[String], module: &Segments) -> Segments {
    let mut base = if path[0] == "crate" { Vec::new() } else { module.clone() };
    let mut rest = path;
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" | "self" => {}
            "super" => _ = base.pop(),
            _ => break,
        }
        rest = others;
    }
    base.extend(rest.iter().cloned());
    base
}

/// The cycles among these arrows: files that reach each other.
fn cycles(arrows: &BTreeSet<(PathBuf, PathBuf)>) -> Vec<BTreeSet<PathBuf>> {
    let mut next: BTreeMap<&PathBuf, Vec<&PathBuf>> = BTreeMap::new();
    for (from, to) in arrows {
        next.entry(from).or_default().push(to);
    }
    let reach = |from: &PathBuf| {
        let mut reached = BTreeSet::new();
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            for to in next.get(file).into_iter().flatten() {
                if reached.insert((*to).clone()) {
                    open.push(to);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&PathBuf, BTreeSet<PathBuf>> = next.keys().map(|file| (*file, reach(file))).collect();
    let mut cycles: Vec<BTreeSet<PathBuf>> = Vec::new();
    for (file, all) in &reached {
        if all.contains(*file) && !cycles.iter().any(|cycle| cycle.contains(*file)) {
            let of = |other: &&PathBuf| reached.get(*other).is_some_and(|back| back.contains(*file));
            cycles.push(all.iter().filter(of).cloned().collect());
        }
    }
    cycles
}

fn short(file: &Path, src: &Path) -> String {
    file.strip_prefix(src).unwrap_or(file).display().to_string()
}

/// The floors of each crate, the lowest first. What stands on one floor does not import what stands beside it.
const FLOORS: [(&str, &[&str]); 5] = [
    (
        "lifespan-text",
        &[
            "contradiction from_text nearest numbers word_list",
            "cron duration names path table",
            "words",
            "policy",
            "lib",
        ],
    ),
    (
        "lifespan-core",
        &[
            "base",
            "declare log machine",
            "config signal",
            "children",
            "unit",
            "plan",
            "facts",
            "schedule",
            "hub",
            "report",
            "shared",
            "systemd watch",
            "run",
            "inject",
            "app",
            "axum testing lib",
            "private",
        ],
    ),
    ("lifespan-macros", &["model util", "attribute parse", "check expand", "discover group", "lib"]),
    ("lifespan-axum", &["bound listen stream", "serve", "health_server settings", "server", "unit", "lib"]),
    (
        "cargo-lifespan",
        &[
            "arguments binaries cycle screen sockets",
            "notice status workspace",
            "build readiness watch",
            "process",
            "dev",
            "main",
        ],
    ),
];

/// Returns each crate with the folder of its sources.
fn crates() -> impl Iterator<Item = (&'static str, &'static [&'static str], PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    FLOORS.into_iter().map(|(name, floors)| (name, floors, root.join(name).join("src")))
}

#[test]
fn imports_point_to_a_lower_floor() {
    let mut wrong = Vec::new();
    for (name, floors, src) in crates() {
        // The folder, or the file, at the top of the sources.
        let stands = |file: &Path| {
            let path = short(file, &src);
            path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
        };
        let floor = |file: &Path| {
            let part = stands(file);
            let found = floors.iter().position(|floor| floor.split(' ').any(|name| name == part));
            found.unwrap_or_else(|| panic!("{name}/src/{part}: say in `FLOORS` on which floor it stands"))
        };
        for (from, to) in Crate::read(&src).arrows() {
            if stands(&from) != stands(&to) && floor(&from) <= floor(&to) {
                wrong.push(format!("{name}: {} imports {}", short(&from, &src), short(&to, &src)));
            }
        }
    }
    assert!(wrong.is_empty(), "these imports point up, or to the side:\n{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_cycle() {
    let mut found = Vec::new();
    for (name, _, src) in crates() {
        let arrows = Crate::read(&src).arrows();
        assert!(!arrows.is_empty(), "{name}: no import was read");
        for cycle in cycles(&arrows) {
            found.push(format!("{name}: {} files", cycle.len()));
            for (from, to) in arrows.iter().filter(|(from, to)| cycle.contains(from) && cycle.contains(to)) {
                found.push(format!("  {} imports {}", short(from, &src), short(to, &src)));
            }
        }
    }
    assert!(found.is_empty(), "files import each other in a cycle:\n{}", found.join("\n"));
}

/// Returns the files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Returns the lines of code below a folder that name one of these, without comments.
fn lines_that_name(folder: &Path, names: &[&str], is_meant: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(folder).iter().filter(|file| is_meant(file)) {
        let text = fs::read_to_string(file).expect("a source is text");
        for (number, line) in (1..).zip(text.lines()) {
            let code = line.split("//").next().unwrap_or_default();
            let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            if names.iter().any(|name| words.contains(name)) {
                found.push(format!("{}:{number}: {}", short(file, folder), line.trim()));
            }
        }
    }
    found
}

#[test]
fn the_machine_and_the_plan_are_pure() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("lifespan-core/src");
    let is_code = |file: &Path| ["stories", "explore"].iter().all(|test| !short(file, &core).contains(test));
    let impure = ["tokio", "Instant", "SystemTime", "Mutex", "RwLock", "thread", "spawn", "async", "unwind"];
    let found = lines_that_name(&core.join("machine"), &impure, is_code);
    assert!(found.is_empty(), "the machine has no task, lock, clock or user code:\n{}", found.join("\n"));
    let found = lines_that_name(&core.join("plan"), &["tokio", "spawn", "async", "inventory", "linkme"], |_| true);
    assert!(found.is_empty(), "a plan is made without tokio and without the linker:\n{}", found.join("\n"));
}

#[test]
fn only_the_registry_names_a_collector() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("lifespan-core/src");
    let found = lines_that_name(&core, &["inventory", "linkme"], |file| !file.ends_with("unit/registry.rs"));
    assert!(found.is_empty(), "inventory and linkme are named in `unit/registry.rs` only:\n{}", found.join("\n"));
}

/// The rules of docs/ARCHITECTURE.md name the tests that hold them: `binary::name_…`, `signals: name_…`, a file, a folder.
#[test]
fn the_tests_that_hold_the_rules_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).expect("the page is there");
    let folders = ["tests", "lifespan-core/src", "lifespan-axum/tests", "lifespan-axum/src", "cargo-lifespan/tests"];
    let sources: Vec<(PathBuf, String)> = folders
        .iter()
        .flat_map(|folder| files(&root.join(folder)))
        .filter_map(|file| Some((file.clone(), fs::read_to_string(file).ok()?)))
        .collect();
    let mut missing = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let mut binary = String::new();
        for named in tests.split('`').skip(1).step_by(2) {
            let (place, name) = match (named.split_once("::"), named.split_once(": ")) {
                (Some((place, name)), _) | (None, Some((place, name))) => (place.to_owned(), name),
                // Another test of the binary named before.
                (None, None) if named.ends_with('…') => (binary.clone(), named),
                (None, None) => {
                    binary = named.trim_end_matches(".rs").to_owned();
                    continue;
                }
            };
            binary.clone_from(&place);
            let name = name.rsplit("::").next().unwrap_or(name).trim_end_matches('…');
            // A macro that makes tests begins a line with the name.
            let (function, made) = (format!("fn {name}"), format!("\n    {name}"));
            let is_there = |(file, text): &(PathBuf, String)| {
                let file = file.with_extension("");
                let file = short(&file, root);
                let is_in = file.split('/').any(|part| part == place) || file.contains(&place);
                is_in && (text.contains(&function) || text.contains(&made))
            };
            if !sources.iter().any(is_there) {
                missing.push(named.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "docs/ARCHITECTURE.md names tests that are not there: {missing:#?}");
}

#[test]
fn the_files_that_the_architecture_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).expect("the page is there");
    let roots = ["", "lifespan-core/src", "lifespan-macros/src", "lifespan-axum/src"];
    let named = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|named| named.contains('/') && Path::new(named).extension().is_some_and(|end| end == "rs"));
    let is_missing = |named: &&str| !roots.iter().any(|folder| root.join(folder).join(named).exists());
    let missing: Vec<&str> = named.filter(is_missing).collect();
    assert!(missing.is_empty(), "docs/ARCHITECTURE.md names files that are not there: {missing:#?}");
}
