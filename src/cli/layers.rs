//! `repore split` and `repore merge`: a photo's two layers, taken apart and put together.

use std::io::{self, IsTerminal};
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::args::{Common, Encoding, MergeArgs, SplitArgs};
use super::{
    DONE, INTERRUPTED, SOME_FAILED, WRONG_USAGE, complain, json, print_line, watch_signals,
};
use crate::engine::render::Cancel;
use crate::files::{FileError, Merge, Split, Written, output_format};

/// Writes the two layers of a photo.
pub fn split(args: &SplitArgs) -> u8 {
    let split = Split {
        photo: args.photo.clone(),
        radius: args.radius.radius,
        low: args.low.clone(),
        high: args.high.clone(),
        read: args.common.reading.options(),
        writing: args.common.writing(Encoding::default()),
    };
    let usable = split.formats().map_err(|it| it.to_string());
    let cancel = match usable.and_then(|_| prepared(&args.common)) {
        Ok(cancel) => cancel,
        Err(what) => return wrong(what),
    };
    let files = Files {
        input: &args.photo,
        beside: None,
        outputs: &[("low", &args.low), ("high", &args.high)],
    };
    files.report(&args.common, split.run(&cancel))
}

/// Writes what two layers make.
pub fn merge(args: &MergeArgs) -> u8 {
    let merge = Merge {
        low: args.low.clone(),
        high: args.high.clone(),
        output: args.output.clone(),
        fit: args.fit,
        read: args.common.reading.options(),
        writing: args.common.writing(args.encoding),
    };
    let usable = output_format(&merge.output, merge.writing.format).map_err(|it| it.to_string());
    let cancel = match usable.and_then(|_| prepared(&args.common)) {
        Ok(cancel) => cancel,
        Err(what) => return wrong(what),
    };
    let files = Files {
        input: &args.low,
        beside: Some(("high", &args.high)),
        outputs: &[("output", &args.output)],
    };
    files.report(&args.common, merge.run(&cancel))
}

/// Threads started, signals watched.
pub(super) fn prepared(common: &Common) -> Result<Cancel, String> {
    common.start_threads()?;
    watch_signals()
}

/// Says what is wrong with the usage.
pub(super) fn wrong(what: String) -> u8 {
    complain(what);
    WRONG_USAGE
}

/// What a run was about, for its report.
pub(super) struct Files<'a> {
    /// The picture that was worked on.
    pub input: &'a Path,
    /// What it was put together with, by the name that `--json` has for it.
    pub beside: Option<(&'static str, &'a Path)>,
    /// What was written, each by the name that `--json` has for it.
    pub outputs: &'a [(&'static str, &'a Path)],
}

impl Files<'_> {
    /// Says how a run went, and answers with the exit code.
    pub(super) fn report(&self, common: &Common, run: Result<Option<Written>, FileError>) -> u8 {
        match run {
            Ok(Some(written)) => {
                self.done(common, &written);
                DONE
            }
            Ok(None) => {
                complain("interrupted: nothing was written");
                INTERRUPTED
            }
            Err(error) => {
                complain(&error);
                if common.json {
                    print_line(&json::failed(self.input, &error).to_string());
                }
                SOME_FAILED
            }
        }
    }

    fn done(&self, common: &Common, written: &Written) {
        if common.json {
            print_line(&Json::Object(self.line(written)).to_string());
            return;
        }
        if common.quiet {
            return;
        }
        let input = self.input.display();
        for note in &written.notes {
            complain(format!("{input}: {note}"));
        }
        if io::stdout().is_terminal() {
            let outputs = self.outputs.iter();
            let outputs: Vec<String> = outputs.map(|(_, it)| it.display().to_string()).collect();
            print_line(&format!("{input} → {}", outputs.join(", ")));
        }
        if common.timings {
            let program = written.program_ms;
            let program = program.map(|it| format!(", program {it:.0} ms"));
            let program = program.unwrap_or_default();
            print_line(&format!("{input}: {}{program}", written.timings));
        }
    }

    fn line(&self, written: &Written) -> Map<String, Json> {
        let mut line = Map::new();
        line.insert("input".to_string(), json!(self.input.to_string_lossy()));
        for (name, path) in self.beside.iter().chain(self.outputs) {
            line.insert(name.to_string(), json!(path.to_string_lossy()));
        }
        line.insert("notes".to_string(), json!(written.notes));
        line.insert("ms".to_string(), json::timings(&written.timings));
        if let Some(ms) = written.program_ms {
            line.insert("program_ms".to_string(), json!(ms.round()));
        }
        line
    }
}
