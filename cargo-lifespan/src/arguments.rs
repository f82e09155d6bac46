//! Parses the command line: our own options, and those passed to cargo and to the program.

use std::ffi::OsString;

use anyhow::bail;
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;

const HELP: &str = "\
Rebuilds a service when its sources change, and restarts it on the same listening sockets

Usage: cargo lifespan dev [OPTIONS] [-- ARGUMENTS OF THE PROGRAM]

Options:
      --listen <ADDRESS>      Bind this address and pass the socket to the program (LISTEN_FDS),
                              instead of those in the manifest; may be repeated
  -p, --package <NAME>        The package that contains the program
      --bin <NAME>            The binary to run
      --example <NAME>        The example to run
  -F, --features <FEATURES>   Passed on to `cargo build`, as are --all-features, --no-default-features,
                              -r, --release, --profile <NAME>, --locked, --offline and --frozen
  -h, --help                  Print this
  -V, --version               Print the version

In Cargo.toml:
  [package.metadata.lifespan.dev]
  listen = [\"127.0.0.1:3000\"]

Ctrl-C shuts down gracefully; a second Ctrl-C kills everything.
";

/// The parsed command line.
#[derive(Debug)]
pub(crate) enum Asked {
    Dev(Arguments),
    /// Print a text, and do nothing else.
    Text(String),
}

/// The arguments of `dev`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) listen: Vec<String>,
    pub(crate) package: Option<String>,
    pub(crate) target: Option<Named>,
    /// Passed to `cargo build` unchanged.
    pub(crate) build: Vec<OsString>,
    /// The arguments among these that `cargo metadata` also accepts.
    pub(crate) lookup: Vec<OsString>,
    /// Passed to the program.
    pub(crate) program: Vec<OsString>,
}

/// A program named on the command line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Named {
    Bin(String),
    Example(String),
}

/// Parses the arguments after `cargo lifespan`.
pub(crate) fn parse(given: impl Iterator<Item = OsString>) -> anyhow::Result<Asked> {
    let mut given = given.fuse();
    let mut parser = lexopt::Parser::from_args(given.by_ref().take_while(|word| word != "--").collect::<Vec<_>>());
    let mut arguments = Arguments { program: given.collect(), ..Arguments::default() };
    let mut dev = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Asked::Text(HELP.to_owned())),
            Short('V') | Long("version") => {
                return Ok(Asked::Text(format!("cargo-lifespan {}\n", env!("CARGO_PKG_VERSION"))));
            }
            Value(word) if !dev && word == "dev" => dev = true,
            Value(word) if !dev => {
                bail!("unknown command `cargo lifespan {}`; the only command is `dev`", word.display())
            }
            Value(word) => {
                bail!("`{}` is not an option; put arguments for the program after `--`", word.display())
            }
            _ if !dev => bail!("the command must come first: `cargo lifespan dev …`"),
            Long("listen") => arguments.listen.push(parser.value()?.string()?),
            Short('p') | Long("package") => arguments.package = Some(parser.value()?.string()?),
            Long("bin") => name(&mut arguments.target, Named::Bin(parser.value()?.string()?))?,
            Long("example") => name(&mut arguments.target, Named::Example(parser.value()?.string()?))?,
            Short('F') | Long("features") => arguments.build.extend(["--features".into(), parser.value()?]),
            Long("profile") => arguments.build.extend(["--profile".into(), parser.value()?]),
            Short('r') | Long("release") => arguments.build.push("--release".into()),
            Long(flag @ ("all-features" | "no-default-features")) => arguments.build.push(format!("--{flag}").into()),
            Long(flag @ ("locked" | "offline" | "frozen")) => {
                arguments.lookup.push(format!("--{flag}").into());
                arguments.build.push(format!("--{flag}").into());
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if dev { Ok(Asked::Dev(arguments)) } else { Ok(Asked::Text(HELP.to_owned())) }
}

fn name(target: &mut Option<Named>, named: Named) -> anyhow::Result<()> {
    if target.replace(named).is_some() {
        bail!("only one program can run; give one `--bin` or one `--example`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> anyhow::Result<Asked> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn refused(line: &str) -> String {
        parsed(line).expect_err("refused").to_string()
    }

    #[test]
    fn arguments_are_passed_to_cargo_and_to_the_program() {
        let asked = parsed(
            "dev --listen 127.0.0.1:1 --listen=[::1]:2 -p shop --bin web -F a,b --release --locked -- --release -x dev",
        );
        let Ok(Asked::Dev(arguments)) = asked else { panic!("{asked:?}") };
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(
            arguments,
            Arguments {
                listen: vec!["127.0.0.1:1".to_owned(), "[::1]:2".to_owned()],
                package: Some("shop".to_owned()),
                target: Some(Named::Bin("web".to_owned())),
                build: words(&["--features", "a,b", "--release", "--locked"]),
                lookup: words(&["--locked"]),
                program: words(&["--release", "-x", "dev"]),
            }
        );
    }

    #[test]
    fn an_invalid_argument_is_refused_with_advice() {
        assert!(refused("serve").contains("the only command is `dev`"));
        assert!(refused("--release dev").contains("the command must come first"));
        assert!(refused("dev web").contains("after `--`"));
        assert!(refused("dev --bin a --example b").contains("give one `--bin` or one `--example`"));
        assert!(refused("dev --listen").contains("--listen"));
        assert!(refused("dev --watch").contains("--watch"));
    }

    #[test]
    fn without_a_command_the_help_is_printed() {
        for line in ["", "--help", "dev -h"] {
            assert!(
                matches!(parsed(line), Ok(Asked::Text(text)) if text.contains("Usage: cargo lifespan dev")),
                "{line}"
            );
        }
    }
}
