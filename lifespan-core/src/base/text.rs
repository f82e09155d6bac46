//! Texts from outside, in errors, names and files: cuts them when they are stored, and escapes them when they are shown
//! to people. Programs get them without escapes.

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

/// The number of bytes of a text that are kept.
pub(crate) const LONGEST: usize = 4096;
/// The number of bytes beyond those that are counted. A `Display` that writes more is stopped, since it may never end.
const COUNTED: usize = 64 << 20;

/// Returns a text for one line of a log or a report. Escapes characters that break the line, control a terminal or
/// change the direction of writing. Cuts a long text, but not one that is composed of a cut text and a few words. A
/// second call changes nothing.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    let text = if text.len() > 2 * LONGEST { Cow::Owned(cut(text)) } else { Cow::Borrowed(text) };
    if !text.contains(is_unsafe) {
        return text;
    }
    let mut line = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    Cow::Owned(line)
}

/// Replaces the characters that [`line`] escapes, except tabs, each by one character, so that columns stay correct.
#[cfg(feature = "config")]
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let is_masked = |c| c != '\t' && is_unsafe(c);
    if text.contains(is_masked) { Cow::Owned(text.replace(is_masked, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Returns the beginning of a text, and the number of bytes that are omitted.
pub(crate) fn cut(text: &str) -> String {
    taken(text)
}

/// Returns the text of a value, cut like [`cut`]. `Display` is user code, which may panic.
pub(crate) fn taken(value: impl Display) -> String {
    let mut beginning = Beginning { text: String::new(), left_out: 0 };
    let is_broken = write!(beginning, "{value}").is_err();
    let Beginning { text, left_out } = beginning;
    match left_out {
        0 if is_broken => text + "(can't be displayed)",
        0 => text,
        1..=COUNTED => text + &format!("… ({left_out} more bytes)"),
        _ => text + &format!("… (more than {COUNTED} more bytes)"),
    }
}

struct Beginning {
    text: String,
    left_out: usize,
}

impl Write for Beginning {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = if self.left_out == 0 { LONGEST - self.text.len() } else { 0 };
        let kept = (0..=room.min(part.len())).rev().find(|&end| part.is_char_boundary(end)).unwrap_or_default();
        self.text.push_str(&part[..kept]);
        self.left_out += part.len() - kept;
        if self.left_out > COUNTED { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Returns whether a character can't be shown as it is: it breaks the line, controls a terminal, changes the direction
/// of writing, or is invisible and hides a difference from the reader. The last two are Unicode's format characters
/// (`Cf`), except a few that names and prose need: the soft hyphen, the joiners of Persian and Indic words and of
/// emoji, and those that are visible, such as the Arabic number sign.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_escapes_and_a_second_call_changes_nothing() {
        let text = "a\tb\n\r\0\u{1b}[1m\u{7f}\u{85}\u{9b}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}é\u{200d}\\n";
        let escaped = r"a\tb\n\r\u{0}\u{1b}[1m\u{7f}\u{85}\u{9b}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}é";
        let escaped = format!("{escaped}\u{200d}\\n");
        assert_eq!(line(text), escaped);
        assert_eq!(line(&escaped), escaped);
        assert!(matches!(line("plain `text` – as it is"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_line_has_no_character_that_changes_the_layout_or_hides() {
        let escaped = [
            0x61c..=0x61c,
            0x180e..=0x180e,
            0x200b..=0x200b,
            0x200e..=0x200f,
            0x2028..=0x202e,
            0x2060..=0x206f,
            0xfeff..=0xfeff,
            0xfff9..=0xfffb,
            0x13430..=0x1343f,
            0x1bca0..=0x1bca3,
            0x1d173..=0x1d17a,
            0xe0000..=0xe007f,
        ];
        for c in escaped.into_iter().flatten().filter_map(char::from_u32) {
            assert_eq!(line(&c.to_string()), c.escape_default().to_string());
        }
        // A soft hyphen, joiners in a Persian word and in emoji, a flag of two letters, a number sign that is drawn.
        for text in ["Donau\u{ad}dampf", "\u{645}\u{6cc}\u{200c}\u{62e}", "👩\u{200d}👩", "🇮🇷", "\u{600}"] {
            assert!(matches!(line(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_counted() {
        for length in [LONGEST - 1, LONGEST] {
            let text = "x".repeat(length);
            assert_eq!(cut(&text), text);
        }
        assert_eq!(cut(&"x".repeat(LONGEST + 1)), format!("{}… (1 more bytes)", "x".repeat(LONGEST)));
        let umlauts = "ä".repeat(LONGEST);
        assert_eq!(cut(&format!("x{umlauts}")), format!("x{}… (4098 more bytes)", "ä".repeat(LONGEST / 2 - 1)));
        let composed = format!("`{}` is unknown", cut(&umlauts));
        assert_eq!(line(&composed), composed);
        assert_eq!(line(&"\n".repeat(3 * LONGEST)), format!("{}… (8192 more bytes)", "\\n".repeat(LONGEST)));
    }

    #[test]
    fn once_a_text_is_cut_nothing_of_it_is_kept_any_more() {
        struct Parts;
        impl Display for Parts {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}ä", "x".repeat(LONGEST - 1))?;
                f.write_str("y")
            }
        }
        assert_eq!(taken(Parts), format!("{}… (3 more bytes)", "x".repeat(LONGEST - 1)));
    }

    #[test]
    fn a_display_that_never_ends_is_stopped() {
        struct Endless(String);
        impl Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str(&self.0)?;
                }
            }
        }
        assert!(taken(Endless("x".repeat(1 << 20))).ends_with("x… (more than 67108864 more bytes)"));
    }

    #[test]
    fn a_display_that_fails_says_so() {
        struct Fails;
        impl Display for Fails {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("as far as it goes ")?;
                Err(fmt::Error)
            }
        }
        assert_eq!(taken(Fails), "as far as it goes (can't be displayed)");
    }
}
