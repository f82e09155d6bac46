//! One TOML file: its tree, and how messages show its places.

mod snippet;
mod tree;
mod visible;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use toml::de::DeTable;

pub(crate) use self::tree::{Data, Entry, Node, Table};
use crate::base::text::{LONGEST, masked};
use crate::base::{Problem, ProblemKind, line};

/// A file that has been read.
pub(crate) struct Document {
    /// The name as given, for messages.
    pub(crate) name: String,
    pub(crate) root: Table,
    source: Arc<Source>,
}

impl Document {
    pub(crate) fn parse(name: String, text: String) -> Result<Self, Problem> {
        let source = Arc::new(Source { name: line(&name).into_owned(), text, lines: OnceLock::new() });
        match DeTable::parse(&source.text) {
            Ok(table) => {
                let root = Table::new(table.get_ref(), &source.text, false);
                Ok(Self { name, root, source })
            }
            Err(error) => {
                let span = error.span().unwrap_or(source.text.len()..source.text.len());
                Err(Problem::new(ProblemKind::Source, format!("{name} is not valid TOML: {}", error.message()))
                    .at(source.place(span.start))
                    .snippet(source.snippet(&span, error.message()))
                    .help("correct the file; nothing of it is used until then"))
            }
        }
    }

    /// Returns `lifespan.toml:3:7`.
    pub(crate) fn place(&self, span: &Range<usize>) -> String {
        self.source.place(span.start)
    }

    /// Returns a problem of this file, with its place and the line at fault.
    pub(crate) fn problem(
        &self,
        kind: ProblemKind,
        what: impl Into<String>,
        span: &Range<usize>,
        label: &str,
    ) -> Problem {
        Problem::new(kind, what).at(self.place(span)).snippet(self.source.snippet(span, label))
    }

    /// Returns a value as written, to be kept out of messages.
    pub(crate) fn written(&self, span: &Range<usize>) -> &str {
        self.source.text.get(span.clone()).unwrap_or_default()
    }
}

struct Source {
    /// The file's text and name, for messages.
    name: String,
    text: String,
    /// Created with the first problem, so that a thousand more do not search the text each.
    lines: OnceLock<Lines>,
}

struct Lines {
    starts: Vec<usize>,
    /// See [`visible::visible_lengths`].
    visible: Vec<usize>,
}

impl Source {
    /// Returns the number of a line from 0, its start, and its text.
    fn line(&self, offset: usize) -> (usize, usize, &str) {
        let starts = &self.lines().starts;
        let number = starts.partition_point(|start| *start <= offset) - 1;
        let start = starts[number];
        (number, start, self.text[start..].split('\n').next().unwrap_or_default())
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            let starts = std::iter::once(0).chain(newlines.map(|(position, _)| position + 1)).collect();
            Lines { starts, visible: visible::visible_lengths(&self.text) }
        })
    }

    fn place(&self, offset: usize) -> String {
        let (number, start, line) = self.line(offset);
        let column = line.get(..offset.saturating_sub(start)).unwrap_or(line).chars().count();
        format!("{}:{}:{}", self.name, number + 1, column + 1)
    }

    /// Renders the line at fault when it is needed.
    fn snippet(self: &Arc<Self>, span: &Range<usize>, label: &str) -> impl Fn() -> Option<String> + use<> {
        let (source, span, label) = (Arc::clone(self), span.clone(), line(label).into_owned());
        move || source.render(&span, &label)
    }

    /// Renders the line at fault with a caret. Hidden parts are left blank, with an `…` at the fault, so that line and
    /// column stay correct; characters that would break the line are blank too. A line of several KiB is not rendered.
    fn render(&self, span: &Range<usize>, label: &str) -> Option<String> {
        let (number, start, line) = self.line(span.start);
        let visible = self.lines().visible[number];
        let begin = span.start.saturating_sub(start).min(line.len());
        if visible.max(begin) > LONGEST {
            return None;
        }
        let mut shown = line[..visible].to_owned();
        let caret = if begin < visible {
            let end = span.end.saturating_sub(start).clamp(begin, visible);
            if visible < line.trim_end().len() && shown.ends_with('=') {
                shown.push_str(" …");
            }
            begin..end
        } else if line[visible..].trim().is_empty() {
            // At the end of the text: nothing is hidden.
            shown.extend(line[visible..begin].chars().map(|_| ' '));
            shown.len()..shown.len()
        } else {
            shown.extend(line[visible..begin].chars().map(|_| ' '));
            let caret = shown.len();
            shown.push('…');
            caret..shown.len()
        };
        let bytes = |end: usize| masked(&shown[..end]).len();
        let caret = bytes(caret.start)..bytes(caret.end);
        let shown = masked(&shown);
        let place = format!("{}:{}:{}", self.name, number + 1, shown[..caret.start].chars().count() + 1);
        Some(snippet::show(&place, number + 1, &shown, &caret, label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, Problem> {
        Document::parse("lifespan.toml".into(), text.into())
    }

    #[test]
    fn a_broken_file_is_shown_with_line_and_column_and_without_values() {
        for (text, place, line) in [
            ("[tasks.x]\nfoo = MARK", "lifespan.toml:2:7", "foo = …"),
            ("[tasks.x]\nfoo = 1\nfoo = \"MARK\"", "lifespan.toml:3:1", "foo = …"),
            ("[tasks.x\nfoo = 1", "lifespan.toml:1:9", "[tasks.x"),
            ("[tasks.x]\npassword MARK", "lifespan.toml:2:10", "         …"),
            ("[tasks.x]\nfoo = [1,\nbar = 'MARK'\n", "lifespan.toml:3", "…"),
            ("[tasks.x]\nfoo = \"\"\"MARK\nMARK", "lifespan.toml:3", "…"),
            ("[lifespan]\ngrace = MARK s", "lifespan.toml:2:9", "grace = …"),
        ] {
            let problem = parse(text).err().expect(text);
            let shown = problem.to_string();
            assert_eq!(problem.kind(), ProblemKind::Source);
            assert!(problem.places()[0].starts_with(place), "{shown}");
            assert!(shown.contains(line), "{shown}");
            assert!(shown.contains('^'), "{shown}");
            assert!(!shown.contains("MARK"), "{shown}");
        }
    }

    #[test]
    fn a_long_line_is_not_rendered_and_its_place_is_shown() {
        for (text, place) in [
            (format!("[tasks.x]\n{} MARK", "k".repeat(LONGEST)), "lifespan.toml:2:4098"),
            (format!("[tasks.x]\n{} = MARK", "k".repeat(LONGEST)), "lifespan.toml:2:4100"),
            (format!("[tasks.x]\nk = '{}' MARK", "v".repeat(LONGEST)), "lifespan.toml:2:4104"),
        ] {
            let shown = parse(&text).err().expect("broken").to_string();
            assert!(shown.contains(&format!("at {place}")), "{shown}");
            assert!(!shown.contains('^') && !shown.contains("kkk") && !shown.contains("MARK"), "{shown}");
        }
        let text = format!("[tasks.x]\nk = MARK'{}'", "v".repeat(LONGEST));
        let shown = parse(&text).err().expect("broken").to_string();
        assert!(shown.contains("k = …") && shown.contains('^'), "{shown}");
    }

    #[test]
    fn the_caret_stands_where_the_place_says() {
        let document = parse("[tasks.x]\nretry = { min = 1, max = 300 }\n").expect("valid");
        let retry = document.root.table("tasks").and_then(|tasks| tasks.table("x")).and_then(|x| x.table("retry"));
        let max = retry.and_then(|retry| retry.get("max")).expect("there");
        let problem = document.problem(ProblemKind::IllTypedArgument, "wrong", &max.node.span, "expected u8");
        assert_eq!(problem.places(), ["lifespan.toml:2:26"]);
        let shown = problem.to_string();
        assert!(shown.contains("lifespan.toml:2:26"), "{shown}");
        assert!(shown.contains("2 | retry =                  …"), "{shown}");
        assert!(shown.contains("  |                          ^ expected u8"), "{shown}");
    }

    #[test]
    fn keys_right_of_an_equals_sign_are_known_as_such() {
        let document = parse("a = { b.c = 1 }\n[d]\ne.f = 1\n[[g]]\nh = 1\n[i]\nj = [{ k = 1 }]").expect("valid");
        let root = &document.root;
        let inline = |table: Option<&Table>, key| table.and_then(|table| table.get(key)).expect(key).inline;
        assert!(inline(root.table("a"), "b"));
        assert!(inline(root.table("a").and_then(|a| a.table("b")), "c"));
        assert!(!inline(root.table("d"), "e"));
        assert!(!inline(root.table("d").and_then(|d| d.table("e")), "f"));
        let first = |entry: Option<&Entry>, key: &str| {
            entry
                .and_then(|entry| entry.node.as_tables())
                .and_then(|tables| tables[0].as_table()?.get(key))
                .expect("there")
                .inline
        };
        assert!(!first(root.get("g"), "h"));
        assert!(first(root.table("i").and_then(|i| i.get("j")), "k"));
    }
}
