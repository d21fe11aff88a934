//! Bytes from the terminal, told apart.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{Input, Reply};

/// How long the rest of a sequence may take that begins with Escape; after that it was the key.
const ESCAPE: Duration = Duration::from_millis(40);
/// How long the rest of any other sequence may take.
const REST: Duration = Duration::from_millis(500);

/// An answer of more bytes is none.
const LONGEST: usize = 4096;
/// Pasted text is handed on in parts of this size.
const PASTE_PART: usize = 65_536;
/// The end of a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// Tells keys, mouse, paste and answers apart, whatever parts they come in.
#[derive(Debug, Default)]
pub struct Parser {
    pending: Vec<u8>,
    pasting: bool,
    found: Vec<(Input, Vec<u8>)>,
}

/// What the beginning of the bytes is.
enum Found {
    /// So many bytes, and what they mean, if anything.
    Sequence(usize, Option<Input>),
    /// The beginning of a sequence.
    Part,
}

impl Parser {
    /// Takes in bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while !rest.is_empty() {
            if self.pasting {
                rest = self.paste(rest);
                if self.pasting {
                    break;
                }
                continue;
            }
            match sequence(rest) {
                Found::Sequence(length, input) => {
                    if rest[..length] == *b"\x1b[200~" {
                        self.pasting = true;
                    }
                    if let Some(input) = input {
                        self.found.push((input, rest[..length].to_vec()));
                    }
                    rest = &rest[length..];
                }
                Found::Part if rest.len() > LONGEST => rest = &[],
                Found::Part => break,
            }
        }
        self.pending = rest.to_vec();
    }

    /// What was found since this was last asked.
    pub fn take(&mut self) -> Vec<Input> {
        let found = self.take_with_bytes().into_iter();
        found.map(|it| it.0).collect()
    }

    /// The same, each with the bytes that it came as; those of pasted text are left out.
    pub fn take_with_bytes(&mut self) -> Vec<(Input, Vec<u8>)> {
        std::mem::take(&mut self.found)
    }

    /// How long to wait for the rest of what has begun; `None` if nothing has.
    pub fn patience(&self) -> Option<Duration> {
        match self.pending.as_slice() {
            [] => None,
            _ if self.pasting => None,
            [0x1b] => Some(ESCAPE),
            _ => Some(REST),
        }
    }

    /// The rest does not come: Escape was the key, and anything else is nothing.
    pub fn give_up(&mut self) {
        if self.pending == [0x1b] {
            let escape = key(KeyCode::Esc, KeyModifiers::NONE);
            self.found.push((escape, self.pending.clone()));
        }
        self.pending.clear();
    }

    /// Takes pasted text; answers with what is left for later.
    fn paste<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = bytes
            .windows(PASTE_END.len())
            .position(|it| it == PASTE_END);
        let (text, rest) = match end {
            Some(at) => {
                self.pasting = false;
                (&bytes[..at], &bytes[at + PASTE_END.len()..])
            }
            None if bytes.len() > PASTE_PART => bytes.split_at(bytes.len() - PASTE_END.len()),
            None => return bytes,
        };
        if !text.is_empty() {
            let text = String::from_utf8_lossy(text).into_owned();
            self.found.push((Input::Pasted(text), Vec::new()));
        }
        rest
    }
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

/// The first sequence in some bytes, of which there is at least one.
fn sequence(bytes: &[u8]) -> Found {
    match bytes {
        [0x1b] => Found::Part,
        [0x1b, b'[', rest @ ..] => control_sequence(rest),
        [0x1b, b'O', rest @ ..] => match rest {
            [] => Found::Part,
            [last, ..] => Found::Sequence(3, function_key(*last)),
        },
        [0x1b, start @ (b'P' | b']' | b'_' | b'^' | b'X'), rest @ ..] => string(*start, rest),
        // Escape itself, and the key that follows.
        [0x1b, 0x1b, ..] => Found::Sequence(1, Some(key(KeyCode::Esc, KeyModifiers::NONE))),
        [0x1b, rest @ ..] => match character(rest) {
            Found::Sequence(length, input) => Found::Sequence(1 + length, input.map(with_alt)),
            Found::Part => Found::Part,
        },
        _ => character(bytes),
    }
}

fn with_alt(input: Input) -> Input {
    match input {
        Input::Key(it) => key(it.code, it.modifiers | KeyModifiers::ALT),
        other => other,
    }
}

/// A character, or a key that stands for one.
fn character(bytes: &[u8]) -> Found {
    let control = |it: char| (KeyCode::Char(it), KeyModifiers::CONTROL);
    let none = KeyModifiers::NONE;
    let (code, modifiers) = match bytes[0] {
        b'\r' => (KeyCode::Enter, none),
        b'\t' => (KeyCode::Tab, none),
        0x08 | 0x7f => (KeyCode::Backspace, none),
        0 => control(' '),
        it @ 0x01..=0x1a => control(char::from(it - 1 + b'a')),
        it @ 0x1c..=0x1f => control(char::from(it - 0x1c + b'4')),
        first => {
            let length = match first {
                0..=0x7f => 1,
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                _ => return Found::Sequence(1, None),
            };
            let Some(bytes) = bytes.get(..length) else {
                return Found::Part;
            };
            let Some(it) = std::str::from_utf8(bytes)
                .ok()
                .and_then(|it| it.chars().next())
            else {
                return Found::Sequence(1, None);
            };
            let shift = if it.is_uppercase() {
                KeyModifiers::SHIFT
            } else {
                none
            };
            return Found::Sequence(length, Some(key(KeyCode::Char(it), shift)));
        }
    };
    Found::Sequence(1, Some(key(code, modifiers)))
}

/// `SS3 …`
fn function_key(last: u8) -> Option<Input> {
    let code = match last {
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        b'M' => KeyCode::Enter,
        _ => moving(last)?,
    };
    Some(key(code, KeyModifiers::NONE))
}

fn moving(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        _ => return None,
    })
}

/// `DCS`, `OSC`, `APC`, `PM` or `SOS` up to its end.
fn string(start: u8, rest: &[u8]) -> Found {
    let end = rest
        .windows(2)
        .position(|it| it == b"\x1b\\")
        .map(|it| (it, 2));
    let bell = rest.iter().position(|it| *it == 0x07).map(|it| (it, 1));
    let end = match (end, bell) {
        (Some(end), Some(bell)) if start == b']' => Some(end.min(bell)),
        (None, bell) if start == b']' => bell,
        (end, _) => end,
    };
    let Some((length, closing)) = end else {
        return Found::Part;
    };
    let text = String::from_utf8_lossy(&rest[..length]).into_owned();
    let reply = match (start, text.strip_prefix('G')) {
        (b'_', Some(text)) => Reply::Graphics(text.to_string()),
        (b'P', _) => Reply::Control(text),
        _ => Reply::Other,
    };
    Found::Sequence(2 + length + closing, Some(Input::Reply(reply)))
}

/// `CSI …`
fn control_sequence(rest: &[u8]) -> Found {
    if let [b'[', after @ ..] = rest {
        // The function keys of the Linux console.
        return match after {
            [] => Found::Part,
            [last @ b'A'..=b'E', ..] => {
                let code = KeyCode::F(last - b'A' + 1);
                Found::Sequence(4, Some(key(code, KeyModifiers::NONE)))
            }
            _ => Found::Sequence(3, None),
        };
    }
    let Some(end) = rest.iter().position(|it| !(0x20..=0x3f).contains(it)) else {
        return Found::Part;
    };
    let last = rest[end];
    if !(0x40..=0x7e).contains(&last) {
        // Cut off by something else, which is looked at on its own.
        return Found::Sequence(2 + end, None);
    }
    let split = rest[..end].iter().position(|it| *it < 0x30).unwrap_or(end);
    let (parameters, intermediate) = (&rest[..split], &rest[split..end]);
    let marked = parameters.first().filter(|it| **it >= b'<').copied();
    let numbers: Vec<Option<u16>> = parameters[usize::from(marked.is_some())..]
        .split(|it| *it == b';')
        .map(|it| {
            std::str::from_utf8(it.split(|it| *it == b':').next()?)
                .ok()?
                .parse()
                .ok()
        })
        .collect();
    let input = match (marked, intermediate, last) {
        (Some(b'<'), [], b'M' | b'm') => mouse(&numbers, last == b'm'),
        (None, [], _) => plain_sequence(&numbers, last),
        (Some(b'?'), b"$", b'y') => Some(Input::Reply(match numbers.as_slice() {
            [Some(mode), Some(state)] => Reply::Mode(*mode, *state),
            _ => Reply::Other,
        })),
        (Some(b'?'), [], b'c') => {
            let attributes = numbers.iter().flatten().copied().collect();
            Some(Input::Reply(Reply::Attributes(attributes)))
        }
        (Some(b'?'), [], b'S') => Some(Input::Reply(match numbers.as_slice() {
            [Some(1), Some(0), Some(count), ..] => Reply::SixelColours(*count),
            _ => Reply::Other,
        })),
        _ => Some(Input::Reply(Reply::Other)),
    };
    Found::Sequence(2 + end + 1, input)
}

/// Modifiers as the second number of a key has them, plus one.
fn modifiers(number: Option<u16>) -> KeyModifiers {
    let bits = number.unwrap_or(1).saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
    ] {
        modifiers.set(modifier, bits & bit != 0);
    }
    modifiers
}

/// A key, or an answer that looks like one.
fn plain_sequence(numbers: &[Option<u16>], last: u8) -> Option<Input> {
    let at = |index: usize| numbers.get(index).copied().flatten();
    let held = modifiers(at(1));
    Some(match last {
        b'I' => Input::Focus(true),
        b'O' => Input::Focus(false),
        b'Z' => key(KeyCode::BackTab, KeyModifiers::SHIFT),
        b'P' | b'Q' | b'S' => key(KeyCode::F(last - b'P' + 1), held),
        b'n' if at(0) == Some(0) => Input::Reply(Reply::Well),
        b't' => Input::Reply(match (at(0), at(1), at(2)) {
            (Some(6), Some(height), Some(width)) if width > 0 && height > 0 => {
                Reply::Cell { width, height }
            }
            _ => Reply::Other,
        }),
        b'n' | b'R' | b'c' => Input::Reply(Reply::Other),
        b'u' => key(key_of_code(at(0)?)?, held),
        b'~' => key(
            match at(0)? {
                1 | 7 => KeyCode::Home,
                2 => KeyCode::Insert,
                3 => KeyCode::Delete,
                4 | 8 => KeyCode::End,
                5 => KeyCode::PageUp,
                6 => KeyCode::PageDown,
                it @ 11..=15 => KeyCode::F((it - 10) as u8),
                it @ 17..=21 => KeyCode::F((it - 11) as u8),
                it @ 23..=26 => KeyCode::F((it - 12) as u8),
                _ => return None,
            },
            held,
        ),
        _ => key(moving(last)?, held),
    })
}

/// A key by its Unicode number, as kitty's keyboard protocol sends it.
fn key_of_code(code: u16) -> Option<KeyCode> {
    Some(match code {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        _ => KeyCode::Char(char::from_u32(code.into())?),
    })
}

/// `CSI < button ; column ; row M`, or `m` when the button is let go; cells count from 1.
fn mouse(numbers: &[Option<u16>], released: bool) -> Option<Input> {
    let [Some(bits), Some(column), Some(row)] = numbers else {
        return None;
    };
    let button = match bits & 3 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let (moves, wheel) = (bits & 32 != 0, bits & 64 != 0);
    let kind = match (wheel, moves, button) {
        (true, _, _) => match bits & 3 {
            0 => MouseEventKind::ScrollUp,
            1 => MouseEventKind::ScrollDown,
            2 => MouseEventKind::ScrollLeft,
            _ => MouseEventKind::ScrollRight,
        },
        (false, true, Some(button)) => MouseEventKind::Drag(button),
        (false, true, None) => MouseEventKind::Moved,
        (false, false, Some(button)) if released => MouseEventKind::Up(button),
        (false, false, Some(button)) => MouseEventKind::Down(button),
        (false, false, None) => return None,
    };
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [
        (4, KeyModifiers::SHIFT),
        (8, KeyModifiers::ALT),
        (16, KeyModifiers::CONTROL),
    ] {
        held.set(modifier, bits & bit != 0);
    }
    Some(Input::Mouse(MouseEvent {
        kind,
        column: column.saturating_sub(1),
        row: row.saturating_sub(1),
        modifiers: held,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(parts: &[&[u8]]) -> Vec<Input> {
        let mut parser = Parser::default();
        for part in parts {
            parser.feed(part);
        }
        parser.take()
    }

    fn check(bytes: &[u8], expected: &[Input]) {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(all(&[bytes]), expected, "{text:?}");
        // In single bytes it means the same.
        let bytes: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(all(&bytes), expected, "{text:?} in parts");
    }

    fn plain(code: KeyCode) -> Input {
        key(code, KeyModifiers::NONE)
    }

    #[test]
    fn keys_are_keys() {
        check(b"j", &[plain(KeyCode::Char('j'))]);
        check(b"J", &[key(KeyCode::Char('J'), KeyModifiers::SHIFT)]);
        check(
            "ä→".as_bytes(),
            &[plain(KeyCode::Char('ä')), plain(KeyCode::Char('→'))],
        );
        check(
            b"\r\t\x7f",
            &[KeyCode::Enter, KeyCode::Tab, KeyCode::Backspace].map(plain),
        );
        check(b"\x03", &[key(KeyCode::Char('c'), KeyModifiers::CONTROL)]);
        check(b"\x1bx", &[key(KeyCode::Char('x'), KeyModifiers::ALT)]);
        check(b"\x1b[A\x1bOB", &[KeyCode::Up, KeyCode::Down].map(plain));
        check(b"\x1b[1;5C", &[key(KeyCode::Right, KeyModifiers::CONTROL)]);
        check(b"\x1b[Z", &[key(KeyCode::BackTab, KeyModifiers::SHIFT)]);
        check(
            b"\x1b[5~\x1b[3~",
            &[KeyCode::PageUp, KeyCode::Delete].map(plain),
        );
        check(
            b"\x1bOP\x1b[15~\x1b[24~\x1b[[A",
            &[1, 5, 12, 1].map(|it| plain(KeyCode::F(it))),
        );
        check(
            b"\x1b[97;5u",
            &[key(KeyCode::Char('a'), KeyModifiers::CONTROL)],
        );
        check(b"\x1b\x1b[A", &[plain(KeyCode::Esc), plain(KeyCode::Up)]);
    }

    #[test]
    fn escape_is_a_key_when_nothing_follows() {
        let mut parser = Parser::default();
        parser.feed(b"\x1b");
        assert!(parser.take().is_empty());
        assert_eq!(parser.patience(), Some(ESCAPE));
        parser.give_up();
        assert_eq!(parser.take(), [plain(KeyCode::Esc)]);
        assert_eq!(parser.patience(), None);
        // The beginning of an answer that never ends is nothing.
        parser.feed(b"\x1bP1$r0");
        assert_eq!(parser.patience(), Some(REST));
        parser.give_up();
        parser.feed(b"j");
        assert_eq!(parser.take(), [plain(KeyCode::Char('j'))]);
    }

    #[test]
    fn answers_never_become_keys() {
        let reply = |it: Reply| Input::Reply(it);
        let control = |it: &str| reply(Reply::Control(it.to_string()));
        check(b"\x1b[0n", &[reply(Reply::Well)]);
        check(
            b"\x1b[?62;4;22c",
            &[reply(Reply::Attributes(vec![62, 4, 22]))],
        );
        let cell = Reply::Cell {
            width: 8,
            height: 17,
        };
        check(b"\x1b[6;17;8t", &[reply(cell)]);
        check(b"\x1b[?2026;2$y", &[reply(Reply::Mode(2026, 2))]);
        check(b"\x1b[?1;0;256S", &[reply(Reply::SixelColours(256))]);
        check(b"\x1b[?1;3S", &[reply(Reply::Other)]);
        check(
            b"\x1b_Gi=31;OK\x1b\\",
            &[reply(Reply::Graphics("i=31;OK".to_string()))],
        );
        check(
            b"\x1bP1$r0;48:2::1:2:3m\x1b\\",
            &[control("1$r0;48:2::1:2:3m")],
        );
        check(b"\x1bP>|XTerm(379)\x1b\\", &[control(">|XTerm(379)")]);
        check(b"\x1b]11;rgb:1a1a/1b1b/2626\x07", &[reply(Reply::Other)]);
        check(b"\x1b]11;rgb:1a1a/1b1b/2626\x1b\\", &[reply(Reply::Other)]);
        check(
            b"\x1b[12;40R\x1b[>1;4001;42c",
            &[reply(Reply::Other), reply(Reply::Other)],
        );
        // Keys may be typed on both sides of an answer.
        check(
            b"j\x1b[0nk",
            &[
                plain(KeyCode::Char('j')),
                reply(Reply::Well),
                plain(KeyCode::Char('k')),
            ],
        );
    }

    #[test]
    fn the_mouse_reports_cells_from_zero() {
        let mouse = |kind, column, row| {
            Input::Mouse(MouseEvent {
                kind,
                column,
                row,
                modifiers: KeyModifiers::NONE,
            })
        };
        check(
            b"\x1b[<0;3;4M\x1b[<32;5;4M\x1b[<0;5;4m\x1b[<65;1;1M\x1b[<35;2;2M",
            &[
                mouse(MouseEventKind::Down(MouseButton::Left), 2, 3),
                mouse(MouseEventKind::Drag(MouseButton::Left), 4, 3),
                mouse(MouseEventKind::Up(MouseButton::Left), 4, 3),
                mouse(MouseEventKind::ScrollDown, 0, 0),
                mouse(MouseEventKind::Moved, 1, 1),
            ],
        );
        check(b"\x1b[I\x1b[O", &[Input::Focus(true), Input::Focus(false)]);
    }

    #[test]
    fn pasted_text_is_text() {
        check(
            b"\x1b[200~a\x1b[Ab\x1b[201~q",
            &[
                Input::Pasted("a\x1b[Ab".to_string()),
                plain(KeyCode::Char('q')),
            ],
        );
        check(b"\x1b[200~\x1b[201~q", &[plain(KeyCode::Char('q'))]);
    }

    #[test]
    fn any_bytes_are_taken() {
        let mut seed = 7_u32;
        let mut bytes = Vec::new();
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = (seed >> 24) as u8;
            bytes.push(if byte.is_multiple_of(5) { 0x1b } else { byte });
        }
        let mut parser = Parser::default();
        bytes.chunks(37).for_each(|it| parser.feed(it));
        parser.give_up();
        // Whatever came before, a key is a key again.
        parser.take();
        parser.feed(b"\x1b[201~");
        parser.take();
        parser.feed(b"j");
        assert_eq!(parser.take(), [plain(KeyCode::Char('j'))]);
    }
}
