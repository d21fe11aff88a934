//! Text measured in cells: a letter of Chinese or an emoji has two, an accent that joins a letter none.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Cells of a text.
pub fn width(text: &str) -> usize {
    // As ratatui counts when it draws: letters one by one.
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// A text cut to a width in cells, with its beginning cut off if it is too long.
pub fn fitted(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_string();
    }
    let Some(room) = room.checked_sub(1) else {
        return String::new();
    };
    let mut left = room;
    let tail = text.grapheme_indices(true).rev().take_while(|(_, it)| {
        let fits = it.width() <= left;
        left = left.saturating_sub(it.width());
        fits
    });
    let start = tail.last().map_or(text.len(), |it| it.0);
    format!("…{}", &text[start..])
}

/// A text cut to a width in cells or filled up to it with blanks.
pub fn padded(text: &str, room: usize) -> String {
    let mut text = fitted(text, room);
    let missing = room.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// A text in rows of a width in cells, broken between words where that is possible; rows after the
/// first begin with so many blanks.
pub fn wrapped(text: &str, room: usize, indent: usize) -> Vec<String> {
    let indent = " ".repeat(if 2 * indent < room { indent } else { 0 });
    let mut rows = vec![String::new()];
    for word in text.split_inclusive(' ') {
        for piece in pieces(word, room.saturating_sub(indent.len()).max(1)) {
            let row = rows.last_mut().expect("there is one");
            if width(row) + width(piece.trim_end()) <= room || row.trim().is_empty() {
                row.push_str(piece);
            } else {
                rows.push(format!("{indent}{}", piece.trim_start()));
            }
        }
    }
    rows.iter().map(|it| it.trim_end().to_string()).collect()
}

/// A word in parts that are no wider than `room`.
fn pieces(word: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut wide) = (0, 0);
    for (at, letter) in word.grapheme_indices(true) {
        if wide + letter.width() > room && letter != " " && at > start {
            pieces.push(&word[start..at]);
            (start, wide) = (at, 0);
        }
        wide += letter.width();
    }
    pieces.push(&word[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_letters_and_measured_in_cells() {
        let check = |text: &str, room: usize, cut: &str| {
            assert_eq!(fitted(text, room), cut);
            assert!(width(&fitted(text, room)) <= room);
            assert_eq!(width(&padded(text, room)), room, "{text}");
        };
        check("portrait.png", 12, "portrait.png");
        check("portrait.png", 8, "…ait.png");
        check("portrait.png", 0, "");
        check("portrait.png", 1, "…");
        // Two cells each: what is left over stays empty.
        check("写真写真.png", 12, "写真写真.png");
        check("写真写真.png", 8, "…真.png");
        check("写真写真.png", 9, "…写真.png");
        // An accent stays with its letter, and a family is one picture.
        check("ae\u{301}e\u{301}.png", 6, "…e\u{301}.png");
        check("👩‍👩‍👧👩‍👩‍👧.png", 7, "…👩‍👩‍👧.png");
        check("👩‍👩‍👧👩‍👩‍👧.png", 6, "….png");
    }

    #[test]
    fn rows_break_between_words_and_wide_letters_count_twice() {
        assert_eq!(wrapped("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(wrapped("写真写真 写真", 8, 0), ["写真写真", "写真"]);
        assert_eq!(wrapped("写真写真写", 8, 0), ["写真写真", "写"]);
        assert_eq!(wrapped("", 8, 0), [""]);
        assert_eq!(
            wrapped("n       next page now", 17, 8),
            ["n       next page", "        now"]
        );
    }
}
