//! Files with secrets: those that variables name, and those in folders.

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lifespan-secrets-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the directory for such files");
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).expect("it is writable");
        path.display().to_string()
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("nothing else removes it");
    }
}

fn unit_with_token() -> &'static UnitInfo {
    let token = Argument { env: Some("API_TOKEN"), secret: true, ..argument("token", "String") };
    unit("poll", vec![token, argument("config_file", "String"), argument("config", "Option<String>")])
}

/// Returns the token, its place, and all problems.
fn read(file: Option<&str>, environment: &[(&str, &str)]) -> (Option<String>, Vec<String>, Vec<Problem>) {
    let unit = unit_with_token();
    let names = UnitNames::new([unit]);
    let mut problems = Vec::new();
    let mut sources = Sources::given(file, environment, &mut problems);
    sources.read_secrets(|| UnitNames::new([unit]), &mut problems);
    let mut missing = Vec::new();
    let mut binder = Binder::new(&sources, &names, unit, None, &mut missing);
    let token = binder.argument(0);
    let places = binder.into_fingerprints().arguments.iter().map(|print| sources.place(&print.at)).collect();
    sources.settings(&mut problems);
    sources.check_unknown(&names, &[], &mut problems);
    (token, places, problems)
}

#[test]
fn rule_118_a_variable_names_the_file_with_a_value() {
    let folder = Folder::new("named");
    for (content, expected) in
        [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("a\n\n", "a\n")]
    {
        let path = folder.file("token", content);
        for variable in ["API_TOKEN_FILE", "LIFESPAN__TASKS__POLL__TOKEN_FILE"] {
            let (token, places, problems) = read(Some("[tasks.poll]\ntoken = 'low'"), &[(variable, &path)]);
            assert!(problems.is_empty(), "{problems:?}");
            assert_eq!(token.as_deref(), Some(expected));
            assert_eq!(places, [format!("{path} (variable {variable})")]);
        }
    }
}

#[test]
fn rule_118_settings_come_from_files_too() {
    let folder = Folder::new("settings");
    let (grace, enabled) = (folder.file("grace", "3s\n"), folder.file("enabled", "false"));
    let unit = unit_with_token();
    let names = UnitNames::new([unit]);
    let mut problems = Vec::new();
    let environment = [("LIFESPAN_APP__GRACE_FILE", &*grace), ("LIFESPAN_POLICY__POLL__ENABLED_FILE", &*enabled)];
    let mut sources = Sources::given(None, &environment, &mut problems);
    sources.read_secrets(|| UnitNames::new([unit]), &mut problems);
    assert_eq!(sources.settings(&mut problems).grace, Some(std::time::Duration::from_secs(3)));
    assert_eq!(sources.policy(&names, unit, "poll", &mut problems).enabled, Some(false));
    sources.check_unknown(&names, &[], &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn rule_118_an_argument_whose_own_name_ends_in_file_is_itself() {
    let unit = unit_with_token();
    let names = UnitNames::new([unit]);
    let mut problems = Vec::new();
    let environment = [("LIFESPAN__TASKS__POLL__CONFIG_FILE", "no/such/file"), ("OTHERS_FILE", "no/such/file")];
    let mut sources = Sources::given(None, &environment, &mut problems);
    sources.read_secrets(|| UnitNames::new([unit]), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let value = Binder::new(&sources, &names, unit, None, &mut problems).argument(1);
    assert_eq!(value, Some("no/such/file".to_owned()));
}

#[test]
fn rule_118_what_is_wrong_with_a_file_is_told_with_its_path_and_its_variable() {
    let folder = Folder::new("wrong");
    let large = folder.file("large", vec![b'x'; (1 << 20) + 1]);
    for (path, text) in [
        (folder.0.join("missing").display().to_string(), "No such file"),
        (folder.path(), "it is a directory"),
        (folder.file("empty", "\n"), "it is empty"),
        (folder.file("bytes", b"\xff"), "it is not UTF-8"),
        (large, "it is larger than 1 MiB"),
    ] {
        let (token, _, problems) = read(None, &[("API_TOKEN_FILE", &path)]);
        assert_eq!(token, None);
        let parts = ["the secret file", &path, text, "variable API_TOKEN_FILE", "a regular file with one value"];
        assert_one(&problems, ProblemKind::Source, &parts);
    }
}

#[test]
fn rule_118_a_variable_and_its_file_are_not_both_set() {
    let folder = Folder::new("both");
    let path = folder.file("token", "a");
    let (_, _, problems) = read(None, &[("API_TOKEN_FILE", &path), ("API_TOKEN", "b")]);
    assert_one(&problems, ProblemKind::Conflict, &["both API_TOKEN and API_TOKEN_FILE are set", "unset one of them"]);
    // Empty counts as unset.
    for environment in [[("API_TOKEN_FILE", &*path), ("API_TOKEN", "")], [("API_TOKEN_FILE", ""), ("API_TOKEN", "a")]] {
        let (token, _, problems) = read(None, &environment);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(token.as_deref(), Some("a"));
    }
}

#[test]
fn rule_119_a_folder_has_a_file_for_each_key() {
    let (credentials, secrets) = (Folder::new("credentials"), Folder::new("folder"));
    secrets.file("tasks.poll.token", "from secrets\n");
    secrets.file("of another program", [0xff]);
    let file = format!("[lifespan]\nsecrets = '{}'\n[tasks.poll]\ntoken = 'low'", secrets.path());
    let (token, places, problems) = read(Some(&file), &[("CREDENTIALS_DIRECTORY", &credentials.path())]);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(token.as_deref(), Some("from secrets"));
    assert!(places[0].ends_with("(the app's `secrets`)"), "{places:?}");
    credentials.file("tasks.app::poll.token", "from credentials");
    credentials.file("tasks.poll.token", "from credentials");
    let (token, places, _) = read(Some(&file), &[("CREDENTIALS_DIRECTORY", &credentials.path())]);
    assert_eq!(token.as_deref(), Some("from credentials"), "systemd's folder is above the app's");
    assert!(places[0].ends_with("(variable CREDENTIALS_DIRECTORY)"), "{places:?}");
    let above = [("CREDENTIALS_DIRECTORY", &*credentials.path()), ("API_TOKEN", "from the environment")];
    assert_eq!(read(Some(&file), &above).0.as_deref(), Some("from the environment"));
}

#[test]
fn rule_119_a_folder_that_is_not_there_and_a_file_that_is_not_text_are_problems() {
    let folder = Folder::new("no-text");
    folder.file("tasks.poll.token", [0xff]);
    let (_, _, problems) = read(Some(&format!("[lifespan]\nsecrets = '{}'", folder.path())), &[]);
    assert_one(&problems, ProblemKind::Source, &["tasks.poll.token", "it is not UTF-8", "the app's `secrets`"]);
    let (_, _, problems) = read(Some("[lifespan]\nsecrets = '/no/such/folder'"), &[]);
    assert_one(&problems, ProblemKind::Source, &["the folder of secrets /no/such/folder can't be read"]);
}

#[test]
fn rule_118_a_message_never_shows_the_content_of_a_file() {
    let folder = Folder::new("hidden");
    let path = folder.file("number", "hunter2secret\n");
    let unit = unit("poll", vec![argument("foo", "u8")]);
    let names = UnitNames::new([unit]);
    let mut problems = Vec::new();
    let mut sources = Sources::given(None, &[("LIFESPAN__TASKS__POLL__FOO_FILE", &path)], &mut problems);
    sources.read_secrets(|| UnitNames::new([unit]), &mut problems);
    assert_eq!(Binder::new(&sources, &names, unit, None, &mut problems).argument::<u8>(0), None);
    assert_one(&problems, ProblemKind::IllTypedArgument, &["invalid value in the secret file", &path]);
    assert!(!format!("{}{:?}", problems[0], problems[0]).contains("hunter2"), "{problems:?}");
}
