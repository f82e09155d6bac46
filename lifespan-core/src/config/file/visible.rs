//! Decides what of a file may be shown: keys and headers, and nothing right of `=`.
//!
//! It scans the text instead of the parsed tree, so that it also works for a file that is not valid TOML. If a broken
//! file leaves it unclear whether something is a value, it is hidden.

/// Returns for each line how many of its bytes may be shown; that part is always the beginning of the line.
pub(crate) fn visible_lengths(text: &str) -> Vec<usize> {
    let mut state = Value::CLOSED;
    text.split('\n').map(|line| state.visible_length(line)).collect()
}

/// Returns the length of `[tasks.x]` or `[[tasks.x]]`, or of the bare name in an unclosed one. A line with anything
/// else after its first key may be an array and is hidden.
fn header_length(header: &str) -> usize {
    let open = header.bytes().take(2).take_while(|byte| *byte == b'[').count();
    let key = open + dotted_key_length(&header[open..]);
    let rest = &header[key..];
    match rest.chars().next() {
        Some(']') => key + rest.bytes().take(open).take_while(|byte| *byte == b']').count(),
        None | Some('=' | '#' | '\r') if !header[..key].contains(['"', '\'']) => header[..key].trim_end().len(),
        _ => 0,
    }
}

/// Returns the length of `some.key =`, if the line begins with a well-formed key and its sign.
fn key_length(line: &str) -> Option<usize> {
    let key = dotted_key_length(line);
    let (name, rest) = (&line[..key], line[key..].strip_prefix('=')?);
    // `c2VjcmV0==` is a value in base64 with its padding.
    let is_padded = !name.ends_with([' ', '\t']) && (rest.starts_with('=') || rest.trim_end().is_empty());
    let is_key = !name.trim().is_empty() && !name.trim_end().ends_with('.');
    (is_key && !is_padded).then_some(key + 1)
}

/// Returns the length of a dotted key with the blanks around it, as far as it is well-formed.
fn dotted_key_length(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let length = match rest.chars().next() {
            // An unterminated one reaches to the end of the line.
            Some(quote @ ('"' | '\'')) => string_length(rest, quote),
            _ => rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len()),
        };
        let after = rest[length..].trim_start_matches([' ', '\t']);
        match after.strip_prefix('.').filter(|_| length > 0) {
            Some(next) => rest = next,
            None => return text.len() - after.len(),
        }
    }
}

/// The part of a value that is still open at the end of a line.
struct Value {
    /// Only blanks and comments have come after the `=`.
    is_missing: bool,
    brackets: usize,
    /// The quotes that end the multi-line string.
    string: Option<&'static str>,
}

impl Value {
    const CLOSED: Self = Self { is_missing: false, brackets: 0, string: None };

    fn is_open(&self) -> bool {
        self.is_missing || self.brackets > 0 || self.string.is_some()
    }

    /// Returns how much of the next line may be shown.
    fn visible_length(&mut self, line: &str) -> usize {
        let trimmed = line.trim_start();
        let length = if self.is_open() {
            self.is_missing &= is_blank(trimmed);
            0
        } else if trimmed.starts_with('[') {
            line.len() - trimmed.len() + header_length(trimmed)
        } else if let Some(length) = key_length(line) {
            self.is_missing = is_blank(&line[length..]);
            length
        } else {
            // `key=` looks like a padded value, but may still lack its own value.
            self.is_missing = trimmed.trim_end().ends_with('=');
            0
        };
        self.scan(&line[length..]);
        length
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

fn is_blank(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with('#')
}

/// Returns the length of a string on one line, with its quotes; an unterminated one ends with the line.
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
            ("[lifespan]\ngrace = MARK # x\n[tasks.x]\na = MARK", &["[lifespan]", "grace =", "[tasks.x]", "a ="]),
            ("[lifespan.policy.x]\nenabled = MARK", &["[lifespan.policy.x]", "enabled ="]),
            ("['a#b' . c] # MARK", &["['a#b' . c]"]),
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
            ("[lifespan]\na = [\n[tasks.x]\nb = MARK", &["[lifespan]", "a =", "", ""]),
            ("a = # b\n\n# c\n['MARK']\nd = 1", &["a =", "", "", "", "d ="]),
            ("a=\nMARK\nd = 1", &["", "", "d ="]),
            ("MARK==\nMARK\nd = 1", &["", "", "d ="]),
            ("['MARK', 'MARK']\n[12, 13]\n['MARK'", &["", "", ""]),
            ("a '''\nMARK = MARK\n'''\nb = 1", &["", "", "", "b ="]),
            ("[a] b = '''\nMARK = MARK\n'''\nc = 1", &["[a]", "", "", "c ="]),
            ("[a 'MARK']\nb = 1", &["", "b ="]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
