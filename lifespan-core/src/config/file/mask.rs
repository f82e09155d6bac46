//! Decides what of a file may be shown: keys and headers, and the values of `[lifespan]`; never another text right of `=`.
//!
//! It scans the text itself rather than the parsed tree, so that it also holds for a file that is no TOML. Where a broken
//! file leaves doubt whether something is a value, it is hidden.

/// For each line, how many of its bytes may be shown; what may be shown is always the beginning of a line.
pub(crate) fn visible_lengths(text: &str) -> Vec<usize> {
    let mut state = Value::CLOSED;
    let mut open_section = false;
    let mut lengths = Vec::new();
    for line in text.split('\n') {
        if state.is_open() {
            state.scan(line);
            lengths.push(0);
            continue;
        }
        let trimmed = line.trim_start();
        if trimmed.starts_with('[') {
            open_section = is_lifespan(trimmed);
            lengths.push(line.len() - trimmed.len() + header_length(trimmed));
        } else if let Some(length) = key_length(line) {
            state.scan(&line[length..]);
            lengths.push(if open_section { line.trim_end().len() } else { length });
        } else {
            lengths.push(if open_section { line.trim_end().len() } else { 0 });
        }
    }
    lengths
}

fn is_lifespan(header: &str) -> bool {
    let name = header.trim_start_matches(['[', ' ', '\t']);
    name.strip_prefix("lifespan").is_some_and(|rest| rest.trim_start().starts_with([']', '.']))
}

/// The length of `[tasks.x]` or `[[tasks.x]]`, up to whatever else would make the line broken.
fn header_length(header: &str) -> usize {
    let end = header.find(['=', '#', '\r']).unwrap_or(header.len());
    let header = &header[..end];
    match header.find(']') {
        Some(close) => close + header[close..].bytes().take(2).take_while(|byte| *byte == b']').count(),
        None => header.trim_end().len(),
    }
}

/// The length of `some.key =`, if the line begins with a well-formed key and its sign.
fn key_length(line: &str) -> Option<usize> {
    let mut rest = line.trim_start();
    loop {
        let first = rest.chars().next()?;
        let length = if matches!(first, '"' | '\'') {
            // An unterminated one reaches to the end of the line, where no `=` follows.
            string_length(rest, first)
        } else {
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))?
        };
        if length == 0 {
            return None;
        }
        rest = rest[length..].trim_start_matches([' ', '\t']);
        match rest.chars().next()? {
            '.' => rest = rest[1..].trim_start_matches([' ', '\t']),
            '=' => return Some(line.len() - rest.len() + 1),
            _ => return None,
        }
    }
}

/// How much of a value is still open at the end of a line.
struct Value {
    brackets: usize,
    /// The quotes that end the multi-line string.
    string: Option<&'static str>,
}

impl Value {
    const CLOSED: Self = Self { brackets: 0, string: None };

    fn is_open(&self) -> bool {
        self.brackets > 0 || self.string.is_some()
    }

    fn scan(&mut self, line: &str) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let mut used = first.len_utf8();
            match self.string {
                Some(quotes) if rest.starts_with(quotes) => {
                    self.string = None;
                    // Up to two more quotes belong to the string: `""""` ends it, too.
                    used = quotes.len()
                        + rest[quotes.len()..].bytes().take(2).take_while(|b| *b == quotes.as_bytes()[0]).count();
                }
                Some("\"\"\"") if first == '\\' => used += rest[1..].chars().next().map_or(0, char::len_utf8),
                Some(_) => {}
                None => match first {
                    '#' => return,
                    '[' | '{' => self.brackets += 1,
                    ']' | '}' => self.brackets = self.brackets.saturating_sub(1),
                    '"' | '\'' => {
                        let quotes = if first == '"' { "\"\"\"" } else { "'''" };
                        if rest.starts_with(quotes) {
                            self.string = Some(quotes);
                            used = 3;
                        } else {
                            used = string_length(rest, first);
                        }
                    }
                    _ => {}
                },
            }
            rest = &rest[used..];
        }
    }
}

/// The length of a string on one line, with its quotes; an unterminated one ends with the line.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (position, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return position + 1;
        }
        escaped = quote == '"' && c == '\\' && !escaped;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        text.split('\n').zip(visible_lengths(text)).map(|(line, length)| &line[..length]).collect()
    }

    #[test]
    fn shows_keys_and_headers_and_no_value_of_a_task() {
        for (text, expected) in [
            ("[tasks.x] # MARK", &["[tasks.x]"][..]),
            ("  [[tasks.\"a::x\"]]", &["  [[tasks.\"a::x\"]]"]),
            ("foo = MARK # MARK", &["foo ="]),
            ("  a . \"b = \\\" c\".'d' = MARK", &["  a . \"b = \\\" c\".'d' ="]),
            ("# MARK", &[""]),
            ("a = [\n  MARK,\n  [MARK], # ]\n]\nb = 1", &["a =", "", "", "", "b ="]),
            ("a = {\n x = MARK }\nb = 1", &["a =", "", "b ="]),
            ("a = \"\"\"\nb = MARK\n\\\"\"\" c = MARK\n\"\"\"\"\nd = 1", &["a =", "", "", "", "d ="]),
            ("a = '''\nb = MARK\\'''\nd = 1", &["a =", "", "d ="]),
            ("a = \"# [ \\\" [\"\nd = 1", &["a =", "d ="]),
            ("[lifespan]\ngrace = 5 # x\n[tasks.x]\na = MARK", &["[lifespan]", "grace = 5 # x", "[tasks.x]", "a ="]),
            ("[lifespan.policy.x]\nenabled = 5", &["[lifespan.policy.x]", "enabled = 5"]),
            ("[lifespans]\na = MARK", &["[lifespans]", "a ="]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn hides_what_a_broken_file_leaves_in_doubt() {
        for (text, expected) in [
            ("password MARK", &[""][..]),
            ("password MARK==", &[""]),
            ("password \"MARK==\"", &[""]),
            ("[tasks.x] MARK", &["[tasks.x]"]),
            ("[tasks.x = MARK", &["[tasks.x"]),
            ("a = [\n[MARK]\nb = MARK", &["a =", "", ""]),
            ("a = \"\"\"\nb = MARK", &["a =", ""]),
            ("a = \"MARK\nb = MARK", &["a =", "b ="]),
            ("[lifespan]\na = [\n[tasks.x]\nb = MARK", &["[lifespan]", "a = [", "", ""]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
