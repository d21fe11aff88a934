//! kitty's pictures through tmux: the commands are passed through, and the picture is shown where the screen has
//! certain characters, which tmux moves and redraws like any others ("Unicode placeholders" of kitty's graphics protocol;
//! kitty since 0.28 and Ghostty know them). tmux must allow it: `set -g allow-passthrough on`.

use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::kitty;

/// The character that stands for a cell of a picture.
const PLACEHOLDER: char = '\u{10EEEE}';

/// The characters over it that count rows and columns from 0, as ranges: those of class 230 that Unicode 6.0 had and
/// that are made of no others.
#[rustfmt::skip]
const MARKS: &[(u32, u32)] = &[
    (0x0305, 0x0305), (0x030D, 0x030E), (0x0310, 0x0310), (0x0312, 0x0312), (0x033D, 0x033F), (0x0346, 0x0346), (0x034A, 0x034C), (0x0350, 0x0352), (0x0357, 0x0357), (0x035B, 0x035B), (0x0363, 0x036F), (0x0483, 0x0487), (0x0592, 0x0595), (0x0597, 0x0599), (0x059C, 0x05A1), (0x05A8, 0x05A9), (0x05AB, 0x05AC), (0x05AF, 0x05AF), (0x05C4, 0x05C4), (0x0610, 0x0617), (0x0657, 0x065B), (0x065D, 0x065E), (0x06D6, 0x06DC), (0x06DF, 0x06E2), (0x06E4, 0x06E4), (0x06E7, 0x06E8), (0x06EB, 0x06EC), (0x0730, 0x0730), (0x0732, 0x0733), (0x0735, 0x0736), (0x073A, 0x073A), (0x073D, 0x073D), (0x073F, 0x0741), (0x0743, 0x0743), (0x0745, 0x0745), (0x0747, 0x0747), (0x0749, 0x074A), (0x07EB, 0x07F1), (0x07F3, 0x07F3), (0x0816, 0x0819), (0x081B, 0x0823), (0x0825, 0x0827), (0x0829, 0x082D), (0x0951, 0x0951), (0x0953, 0x0954), (0x0F82, 0x0F83), (0x0F86, 0x0F87), (0x135D, 0x135F), (0x17DD, 0x17DD), (0x193A, 0x193A), (0x1A17, 0x1A17), (0x1A75, 0x1A7C), (0x1B6B, 0x1B6B), (0x1B6D, 0x1B73), (0x1CD0, 0x1CD2), (0x1CDA, 0x1CDB), (0x1CE0, 0x1CE0), (0x1DC0, 0x1DC1), (0x1DC3, 0x1DC9), (0x1DCB, 0x1DCC), (0x1DD1, 0x1DE6), (0x1DFE, 0x1DFE), (0x20D0, 0x20D1), (0x20D4, 0x20D7), (0x20DB, 0x20DC), (0x20E1, 0x20E1), (0x20E7, 0x20E7), (0x20E9, 0x20E9), (0x20F0, 0x20F0), (0x2CEF, 0x2CF1), (0x2DE0, 0x2DFF), (0xA66F, 0xA66F), (0xA67C, 0xA67D), (0xA6F0, 0xA6F1), (0xA8E0, 0xA8F1), (0xAAB0, 0xAAB0), (0xAAB2, 0xAAB3), (0xAAB7, 0xAAB8), (0xAABE, 0xAABF), (0xAAC1, 0xAAC1), (0xFE20, 0xFE26), (0x10A0F, 0x10A0F), (0x10A38, 0x10A38), (0x1D185, 0x1D189), (0x1D1AA, 0x1D1AD), (0x1D242, 0x1D244)
];

/// A picture was sent, and is to be deleted in the end.
static SENT: AtomicBool = AtomicBool::new(false);

/// The id of the picture, which is the colour of its characters: one of the 256, so that tmux need not know others.
fn id() -> u8 {
    // Programs that share a terminal should not show each other's pictures.
    (std::process::id() % 239) as u8 + 17
}

/// The bytes that delete the picture; none if there was none.
pub fn deleted() -> Vec<u8> {
    if SENT.load(Ordering::Relaxed) {
        passed(&kitty::deleted(id().into()))
    } else {
        Vec::new()
    }
}

/// A command for the terminal outside.
fn passed(command: &str) -> Vec<u8> {
    let inner = command.replace('\x1b', "\x1b\x1b");
    format!("\x1bPtmux;{inner}\x1b\\").into_bytes()
}

/// The bytes that send a PNG file in base64 for so many cells, in place of the one before.
pub fn encode(png: &[u8], place: Rect) -> Vec<u8> {
    SENT.store(true, Ordering::Relaxed);
    let commands = kitty::chunks(png).flat_map(|(is_first, more, chunk)| {
        let keys = match is_first {
            true => {
                let (id, columns, rows) = (id(), place.width, place.height);
                format!("a=T,U=1,f=100,i={id},c={columns},r={rows},q=2,m={more}")
            }
            false => format!("m={more},q=2"),
        };
        passed(&format!(
            "\x1b_G{keys};{}\x1b\\",
            String::from_utf8_lossy(chunk)
        ))
    });
    commands.collect()
}

/// The mark that counts so far.
fn mark(count: u16) -> Option<char> {
    let mut left = u32::from(count);
    for (first, last) in MARKS {
        let length = last - first + 1;
        if left < length {
            return char::from_u32(first + left);
        }
        left -= length;
    }
    None
}

/// Draws the characters of the picture; where there are more rows or columns than can be counted, none.
pub fn draw(place: Rect, buffer: &mut Buffer) {
    let area = place.intersection(buffer.area);
    for row in area.y..area.bottom() {
        for column in area.x..area.right() {
            let marks = (mark(row - place.y), mark(column - place.x));
            let (Some(down), Some(across)) = marks else {
                continue;
            };
            if let Some(cell) = buffer.cell_mut((column, row)) {
                let symbol = String::from_iter([PLACEHOLDER, down, across]);
                cell.set_symbol(&symbol)
                    .set_fg(Color::Indexed(id()))
                    .set_bg(Color::Reset);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Rect = Rect {
        x: 2,
        y: 1,
        width: 5,
        height: 3,
    };

    #[test]
    fn rows_and_columns_are_counted_by_marks() {
        assert_eq!(mark(0), Some('\u{305}'));
        assert_eq!(mark(17), Some('\u{363}'));
        assert_eq!(mark(296), Some('\u{1D244}'));
        assert_eq!(mark(297), None);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 5));
        draw(PLACE, &mut buffer);
        assert_eq!(buffer[(2, 1)].symbol(), "\u{10EEEE}\u{305}\u{305}");
        assert_eq!(buffer[(4, 2)].symbol(), "\u{10EEEE}\u{30D}\u{30E}");
        assert_eq!(buffer[(7, 1)].symbol(), " ");
        assert_eq!(buffer[(2, 1)].fg, Color::Indexed(id()));
    }

    #[test]
    fn commands_are_passed_through_whole() {
        let sent = String::from_utf8(encode(&[b'A'; 5000], PLACE)).expect("text");
        let parts: Vec<&str> = sent.split("\x1bPtmux;").skip(1).collect();
        assert_eq!(parts.len(), 2);
        assert!(
            parts[0].starts_with("\x1b\x1b_Ga=T,U=1,f=100,i="),
            "{}",
            parts[0]
        );
        assert!(parts[0].contains(",c=5,r=3,q=2,m=1;AAAA"));
        assert!(parts[1].starts_with("\x1b\x1b_Gm=0,q=2;"));
        assert!(parts.iter().all(|it| it.ends_with("A\x1b\x1b\\\x1b\\")));
        assert!(String::from_utf8_lossy(&deleted()).contains("a=d,d=I,i="));
    }
}
