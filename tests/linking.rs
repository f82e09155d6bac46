//! Rules 1 and 2: what the linker collects is complete and in the source's order, in every profile, with either
//! collector.
//!
//! The programs stand in `linking/fixture`, a workspace of its own. They are built from a copy under `target`, next to a
//! copy of this workspace's `Cargo.lock`: nothing is resolved again, and nothing is downloaded but, for the first test of
//! the `linkme` feature in a fresh cargo home, `linkme` itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What every build of the program `linked` must find.
const LINKED: &str = "\
discovered task deep::dives deep/src/lib.rs:4
discovered context suite::suite_room suite/src/lib.rs:9
discovered task jobs::in_the_folder jobs/src/jobs/nested.rs:4
discovered task jobs::in_the_file jobs/src/jobs-later.rs:4
discovered task jobs::zulu jobs/src/lib.rs:14
discovered task jobs::alpha jobs/src/lib.rs:17
discovered task jobs::second_by_name jobs/src/lib.rs:22
discovered task jobs::first_by_name jobs/src/lib.rs:22
discovered task jobs::twin jobs/src/lib.rs:25
discovered task jobs::twin jobs/src/lib.rs:25
discovered task jobs::asked_for jobs/src/lib.rs:30
discovered task jobs::inside jobs/src/lib.rs:34
discovered task jobs::inside_a_generic jobs/src/lib.rs:40
discovered context jobs::stripes jobs/src/zebra.rs:4
discovered task jobs::grazes jobs/src/zebra.rs:9
discovered task fixture_tools::saws tools/src/lib.rs:4
discovered context fixture_tools::bench tools/src/lib.rs:7
discovered task linked::in_main program/src/bin/linked/main.rs:11
discovered task linked::in_a_module program/src/bin/linked/own.rs:4
discovered task available::on_offer available/src/lib.rs:9
registered task dives
registered context suite_room
registered task in_the_folder
registered task in_the_file
registered task zulu
registered task alpha
registered task second_by_name
registered task first_by_name
registered task left::twin
registered task right::twin
registered task inside
registered task inside_a_generic
registered context stripes
registered task grazes
registered task saws
registered context bench
registered task in_main
registered task in_a_module
empty 0
";

/// The settings that a release build may have.
const PROFILES: [(&str, &[&str]); 4] = [
    ("debug", &[]),
    ("release", &["--release"]),
    ("256 codegen units", &["--release", "--config", "profile.release.codegen-units=256"]),
    (
        "fat LTO with one codegen unit",
        &["--release", "--config", "profile.release.codegen-units=1", "--config", "profile.release.lto='fat'"],
    ),
];

const COLLECTORS: [(&str, &[&str]); 2] = [("inventory", &[]), ("linkme", &["--features", "linkme"])];

#[test]
fn the_list_is_the_same_in_every_profile_with_either_collector() {
    for (profile, profile_flags) in PROFILES {
        for (collector, collector_flags) in COLLECTORS {
            let flags = [profile_flags, collector_flags].concat();
            assert_eq!(fixture().output("linked", &flags), LINKED, "{profile}, {collector}");
        }
    }
}

#[test]
fn a_crate_that_is_not_named_has_no_units_and_the_plan_says_how_to_link_it() {
    let output = fixture().output("unlinked", &[]);
    assert!(!output.contains("discovered"), "{output}");
    assert!(output.contains("problem nothing is registered\n"), "{output}");
    assert!(output.contains("discover! { pub fn lifespan_tasks(); link that_library; }"), "{output}");
}

#[test]
fn a_crate_that_discover_names_is_linked() {
    assert_eq!(
        fixture().output("named", &[]),
        "discovered task forgotten::remembered forgotten/src/lib.rs:4\n\
         discovered context forgotten::kept forgotten/src/lib.rs:7\n\
         registered task remembered\n\
         registered context kept\n\
         empty 0\n"
    );
}

#[test]
fn a_renamed_crate_under_its_local_name_is_an_error_that_shows_the_right_form() {
    let output = fixture().output("misnamed", &[]);
    assert!(
        output.contains("problem `discover!` links `tools`, but no linked crate of that name has units"),
        "{output}"
    );
    assert!(output.contains("problem   at program/src/bin/misnamed.rs:3:1"), "{output}");
    assert!(output.contains("`link tools as its_own_name`"), "{output}");
}

#[test]
fn rule_127_units_of_several_packages_need_a_discover_and_the_problem_prints_it() {
    let output = fixture().output("undiscovered", &[]);
    for part in [
        "problem units of several packages are linked, and no `discover!` says which belong to this program: \
         `fixture_tools` (2 units), `forgotten` (2 units), `undiscovered` (1 unit)\n",
        "problem   at tools/src/lib.rs:4:14 (task `saws`)\n",
        "problem   at forgotten/src/lib.rs:4:14 (task `remembered`)\n",
        "problem   at program/src/bin/undiscovered.rs:7:10 (task `of_the_program`)\n",
        "`lifespan::discover! { pub fn lifespan_tasks(); link fixture_tools, forgotten; }`\n",
    ] {
        assert!(output.contains(part), "no {part:?} in\n{output}");
    }
    assert_eq!(output.matches("problem units").count(), 1, "{output}");
}

#[test]
fn rule_127_a_linked_unit_that_discover_leaves_out_is_a_warning_at_launch() {
    let output = fixture().output("left_out", &[]);
    for part in [
        "warning: linked, but left out by `discover!`: `available::on_offer`\n",
        "add `link available;` to it, or exclude units that must not run: `app.skip(\"available::on_offer\")`",
        "skipped: 0 warnings\n",
        "only: 0 warnings\n",
    ] {
        assert!(output.contains(part), "no {part:?} in\n{output}");
    }
}

/// The copy of the fixture that is built.
struct Fixture {
    folder: PathBuf,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let framework = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking");
        copy(&framework.join("tests/linking/fixture"), &folder, framework);
        let lock = fs::read(framework.join("Cargo.lock")).expect("the workspace's lock file");
        fs::write(folder.join("Cargo.lock"), lock).expect("the lock file's copy");
        Fixture { folder }
    })
}

/// Copies a folder, with the place of the framework put in. Files that are as they were stay untouched, so that cargo
/// does not build them again.
fn copy(from: &Path, to: &Path, framework: &Path) {
    fs::create_dir_all(to).expect("a folder for the copy");
    for entry in fs::read_dir(from).expect("the fixture") {
        let entry = entry.expect("the fixture");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to, framework);
            continue;
        }
        let text = fs::read_to_string(&from).expect("a file of the fixture");
        let text = text.replace("../../..", &framework.display().to_string());
        if fs::read_to_string(&to).ok().as_ref() != Some(&text) {
            fs::write(&to, text).expect("a file of the copy");
        }
    }
}

impl Fixture {
    /// Builds one program with these flags, runs it, and returns what it has printed.
    fn output(&self, program: &str, flags: &[&str]) -> String {
        let run = |network: &[&str]| {
            Command::new(env!("CARGO"))
                .args(["run", "--quiet", "--bin", program])
                .args(flags)
                .args(network)
                .current_dir(&self.folder)
                // What the caller has set is for the outer build.
                .env("CARGO_TARGET_DIR", self.folder.join("target"))
                .env_remove("CARGO_BUILD_TARGET")
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                .env_remove("RUSTFLAGS")
                .env_remove("LIFESPAN_CONFIG")
                .stdin(Stdio::null())
                .output()
                .expect("cargo runs")
        };
        let mut output = run(&["--offline"]);
        if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("offline") {
            output = run(&[]);
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {flags:?}:\n{stderr}");
        String::from_utf8(output.stdout).expect("text")
    }
}
