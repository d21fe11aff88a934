//! `repore tone PHOTO --run CMD -o FILE`: a program works on a photo's low layer alone.

use std::io::{self, Write};
use std::time::Duration;

use super::args::ToneArgs;
use super::layers::{Files, prepared, wrong};
use crate::files::{Listener, Program, Tone, Toner, output_format};

/// Runs the program and writes the photo with the tone that it made.
pub fn run(args: &ToneArgs) -> u8 {
    let writing = args.common.writing(args.encoding);
    let timeout = Duration::from_secs(args.timeout.into());
    let program = Program::new(&args.run, timeout);
    let usable = output_format(&args.output, writing.format).map_err(|it| it.to_string());
    let ready = usable.and_then(|_| Ok((program?, prepared(&args.common)?)));
    let (program, cancel) = match ready {
        Ok(ready) => ready,
        Err(what) => return wrong(what),
    };
    let listener: Listener = if args.common.quiet { ignore } else { hand_on };
    let tone = Tone {
        photo: args.photo.clone(),
        radius: args.radius.radius,
        toner: Toner::Program(program, listener),
        output: args.output.clone(),
        fit: args.fit,
        read: args.common.reading.options(),
        writing,
    };
    let files = Files {
        input: &args.photo,
        beside: None,
        outputs: &[("output", &args.output)],
    };
    files.report(&args.common, tone.run(&cancel))
}

fn ignore(_: &[u8]) {}

/// What the program prints is shown as it comes. When stderr is gone there is nobody to show it to.
fn hand_on(printed: &[u8]) {
    let _ = io::stderr().write_all(printed);
}
