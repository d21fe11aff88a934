//! What is sent to a terminal with kitty's graphics.

use std::sync::Arc;

use super::*;
use crate::tui::geometry::{Size, View, Zoom};

const PLACE: Rect = Rect {
    x: 10,
    y: 4,
    width: 8,
    height: 4,
};

fn made(shade: u8, quality: Quality) -> Made {
    Made {
        image: Arc::new(RgbImage::from_pixel(64, 64, image::Rgb([shade; 3]))),
        place: PLACE,
        frame: frame(),
        quality,
    }
}

/// The middle of a picture of 200×200 pixels, at 1:1.
fn frame() -> Frame {
    let view = View {
        zoom: Zoom::Scale(1.0),
        centre: (0.5, 0.5),
    };
    view.frame(Size::new(200, 200), Size::new(64, 64))
}

fn coded(length: usize, scaled: bool) -> Coded {
    Coded {
        png: vec![b'A'; length],
        scaled,
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("it is text")
}

/// Sends a picture as a whole.
fn show(kitty: &mut Kitty, made: &Made) -> String {
    let mut out = kitty.send(made.clone(), coded(9000, false));
    let (data, placed) = kitty.slice(usize::MAX);
    out.extend(data);
    out.extend(placed.expect("it is complete"));
    text(out)
}

#[test]
fn a_picture_is_shown_before_the_one_it_replaces_is_taken_away() {
    let mut kitty = Kitty::new(0);
    let first = show(&mut kitty, &made(1, Quality::Exact));
    assert!(
        first.starts_with("\x1b_Ga=t,f=100,i=1,q=1,m=1;AAAA"),
        "{first}"
    );
    assert_eq!(first.matches("m=0").count(), 1);
    assert!(
        first.ends_with("\x1b[5;11H\x1b_Ga=p,i=1,p=1,q=1,C=1\x1b\\"),
        "{first}"
    );
    let second = show(&mut kitty, &made(2, Quality::Exact));
    let shown = second.find("a=p,i=2").expect("a new id");
    assert!(shown < second.find("a=d,d=i,i=1").expect("the old one goes"));
    assert!(text(kitty.clear()).contains("d=I,i=1"));
    assert!(kitty.clear().is_empty());
}

#[test]
fn a_picture_that_is_there_is_shown_again_for_a_few_bytes() {
    let mut kitty = Kitty::new(0);
    let before = made(1, Quality::Exact);
    show(&mut kitty, &before);
    show(&mut kitty, &made(2, Quality::Draft));
    // The same pixels, from elsewhere in memory.
    let again = before.image.as_ref().clone();
    let (bytes, quality) = kitty
        .show_held(&again, frame(), PLACE)
        .expect("it is there");
    assert_eq!(quality, Quality::Exact);
    assert!(bytes.len() < 100, "{}", bytes.len());
    assert!(text(bytes).contains("a=p,i=1"));
    let elsewhere = Rect { x: 30, ..PLACE };
    let (bytes, _) = kitty
        .show_held(&again, frame(), elsewhere)
        .expect("it is there");
    assert!(text(bytes).starts_with("\x1b[5;31H"));
    let wider = Rect { width: 9, ..PLACE };
    assert!(!kitty.holds(
        &again,
        View::default().frame(Size::new(64, 64), Size::new(64, 64)),
        wider
    ));
    assert!(
        kitty
            .show_held(&RgbImage::new(64, 64), frame(), PLACE)
            .is_none()
    );
}

#[test]
fn a_part_of_what_was_sent_ahead_is_shown_without_sending_it() {
    let mut kitty = Kitty::new(0);
    show(&mut kitty, &made(1, Quality::Exact));
    let around = RgbImage::from_fn(200, 200, |x, y| image::Rgb([x as u8, y as u8, 9]));
    let whole = Frame {
        region: Region::of_size(200, 200),
        shown: Size::new(200, 200),
        scale: 1.0,
    };
    let ahead = Made {
        image: Arc::new(around.clone()),
        frame: whole,
        ..made(0, Quality::Exact)
    };
    kitty.send_ahead(ahead, coded(9000, false), false);
    let (sent, placed) = kitty.slice(usize::MAX);
    assert!(placed.is_none() && !text(sent).contains("a=p"));
    let moved = Frame {
        region: Region::new(100, 30, 64, 64),
        ..frame()
    };
    let part = image::imageops::crop_imm(&around, 100, 30, 64, 64).to_image();
    let (bytes, quality) = kitty.show_held(&part, moved, PLACE).expect("it is there");
    assert_eq!(quality, Quality::Exact);
    let bytes = text(bytes);
    assert!(bytes.len() < 120, "{bytes}");
    assert!(
        bytes.contains("a=p,i=2,p=1,q=1,C=1,x=100,y=30,w=64,h=64"),
        "{bytes}"
    );
    // Other pixels, as of another recipe, are no part of it.
    assert!(!kitty.holds(&RgbImage::new(64, 64), moved, PLACE));
}

#[test]
fn what_stays_is_there_after_many_others() {
    let mut kitty = Kitty::new(0);
    show(&mut kitty, &made(1, Quality::Exact));
    let before = made(99, Quality::Exact);
    kitty.send_ahead(before.clone(), coded(9000, false), true);
    kitty.slice(usize::MAX);
    for shade in 2..12 {
        show(&mut kitty, &made(shade, Quality::Draft));
    }
    assert!(kitty.holds(&before.image, frame(), PLACE));
    // The next that stays takes its place.
    let next = made(98, Quality::Exact);
    kitty.send_ahead(next.clone(), coded(9000, false), true);
    kitty.slice(usize::MAX);
    show(&mut kitty, &made(12, Quality::Draft));
    show(&mut kitty, &made(13, Quality::Draft));
    show(&mut kitty, &made(14, Quality::Draft));
    assert!(kitty.holds(&next.image, frame(), PLACE));
    assert!(!kitty.holds(&before.image, frame(), PLACE));
}

#[test]
fn the_terminal_never_holds_more_than_four() {
    let mut kitty = Kitty::new(0);
    let mut held = std::collections::BTreeSet::new();
    let id = |it: &str| {
        it.split([',', ';', '\x1b'])
            .next()
            .and_then(|it| it.parse::<u32>().ok())
    };
    for shade in 0..20 {
        let mut sent = show(&mut kitty, &made(shade, Quality::Draft));
        if shade % 3 == 0 {
            sent += &text(kitty.show_layer(coded(10, false), PLACE));
        }
        for command in sent.split("\x1b_G") {
            if let Some(rest) = command.strip_prefix("a=d,d=I,i=") {
                held.remove(&id(rest));
            } else if let Some(rest) = command.strip_prefix("a=t,f=100,i=") {
                assert!(held.insert(id(rest)), "{command}");
            }
            assert!(held.len() <= 4);
        }
    }
    assert_eq!(text(kitty.clear()).matches("d=I").count(), held.len());
}

#[test]
fn sending_is_done_in_slices_and_can_be_given_up() {
    let mut kitty = Kitty::new(0);
    assert!(
        kitty
            .send(made(1, Quality::Exact), coded(20_000, true))
            .is_empty()
    );
    let (first, placed) = kitty.slice(8000);
    assert!((8000..8300).contains(&first.len()), "{}", first.len());
    assert!(placed.is_none() && kitty.sending().is_some());
    assert!(text(kitty.give_up()).starts_with("\x1b_Gm=0,q=2;"));
    assert!(kitty.sending().is_none());
    assert!(kitty.slice(8000).0.is_empty());
    kitty.send(made(1, Quality::Exact), coded(20_000, true));
    kitty.slice(8000);
    let (_, placed) = kitty.slice(usize::MAX);
    let placed = text(placed.expect("it is complete"));
    assert!(placed.ends_with("C=1,c=8,r=4\x1b\\"), "{placed}");
}

#[test]
fn a_layer_is_not_taken_away_between_the_slices_of_a_picture() {
    let mut kitty = Kitty::new(0);
    show(&mut kitty, &made(1, Quality::Exact));
    kitty.show_layer(coded(100, false), PLACE);
    kitty.send(made(2, Quality::Exact), coded(9000, false));
    kitty.slice(1);
    assert_eq!(kitty.clear_layer(), None);
    kitty.slice(usize::MAX);
    let gone = kitty.clear_layer().expect("nothing is on its way");
    assert!(text(gone).contains("a=d,d=I,i=2"));
}

#[test]
fn a_layer_lies_over_the_picture_and_goes_with_it() {
    let mut kitty = Kitty::new(0);
    show(&mut kitty, &made(1, Quality::Exact));
    let layer = text(kitty.show_layer(coded(100, false), PLACE));
    assert!(
        layer.contains("a=p,i=2,p=1,q=1,C=1,z=1") && !layer.contains("a=d"),
        "{layer}"
    );
    let next = text(kitty.show_layer(coded(100, false), PLACE));
    assert!(next.ends_with("a=d,d=I,i=2,q=2\x1b\\"), "{next}");
    let gone = text(kitty.hide());
    assert!(
        gone.contains("d=I,i=3") && gone.contains("d=i,i=1"),
        "{gone}"
    );
    assert_eq!(kitty.clear_layer(), Some(Vec::new()));
}

#[test]
fn the_terminal_may_say_that_a_picture_is_gone() {
    let kitty = Kitty::new(0);
    assert!(kitty.is_missing("i=2,p=1;ENOENT:no such image"));
    assert!(!kitty.is_missing("i=2;OK"));
    assert!(!kitty.is_missing("i=31;ENOENT:another's"));
}
