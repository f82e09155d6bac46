//! Shows one line of a file, with a caret below what is wrong in it.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// The columns that are shown of a line: of a longer one, those around the caret.
const WIDTH: usize = 140;
/// Stands for what is left out.
const CUT: &str = "...";

/// Returns the line below its place, with its number before it, and below it a caret at these bytes with a label.
pub(super) fn show(place: &str, number: usize, line: &str, caret: &Range<usize>, label: &str) -> String {
    let shown = around(line, caret);
    let text = text(&line[shown.clone()]);
    let before = if shown.start > 0 { CUT } else { "" };
    let after = if shown.end < line.len() { CUT } else { "" };
    let indent = before.len() + width(&line[shown.start..caret.start]);
    let carets = "^".repeat(width(&line[caret.start..caret.end.min(shown.end)]).max(1));
    let numbered = format!("{number} | {before}{text}{after}");
    let numbered = numbered.trim_end();
    let gutter = " ".repeat(number.to_string().len());
    format!("{gutter}--> {place}\n{gutter} |\n{numbered}\n{gutter} | {:indent$}{carets} {label}", "")
}

/// Returns the bytes of the line that are shown.
fn around(line: &str, caret: &Range<usize>) -> Range<usize> {
    if width(line) <= WIDTH {
        return 0..line.len();
    }
    let from_caret = line[..caret.start].char_indices().rev().map(|(at, _)| at);
    let start = from_caret.take_while(|at| width(&line[*at..caret.start]) <= WIDTH / 2).last().unwrap_or(caret.start);
    let mut columns = 0;
    let end = line[start..].char_indices().find(|(_, c)| {
        columns += columns_of(*c);
        columns > WIDTH
    });
    start..end.map_or(line.len(), |(at, _)| start + at)
}

fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Returns the columns of a character in a terminal; [`text`] writes a tab as four.
fn columns_of(c: char) -> usize {
    if c == '\t' { 4 } else { c.width().unwrap_or(1) }
}

/// Returns the text as its width is counted: without joiners, which terminals show in different ways.
fn text(line: &str) -> String {
    line.replace('\t', "    ").replace('\u{200d}', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_below_what_is_wrong() {
        let shown = show("a.toml:12:4", 12, "\t日 = 本", &(1..4), "unknown");
        assert_eq!(shown, "  --> a.toml:12:4\n   |\n12 |     日 = 本\n   |     ^^ unknown");
        assert!(show("a.toml:1:3", 1, "ab", &(2..2), "end").ends_with("\n  |   ^ end"));
    }

    #[test]
    fn of_a_long_line_the_part_around_the_caret_is_shown() {
        let line = format!("{}x{}", "a".repeat(1000), "b".repeat(1000));
        let shown = show("a.toml:1:1001", 1, &line, &(1000..1001), "here");
        let line = format!("1 | ...{}x{}...\n", "a".repeat(70), "b".repeat(69));
        assert!(shown.contains(&line), "{shown}");
        assert!(shown.ends_with(&format!("  | {}^ here", " ".repeat(73))), "{shown}");
    }
}
