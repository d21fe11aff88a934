//! `repore doctor`: what the terminal was asked and has answered, and what is made of it.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use serde_json::{Map, Value as Json, json};

use super::args::DoctorArgs;
use super::{WRONG_USAGE, complain, print};
use crate::tui::{Report, Terminal};

/// Columns of what stands on the left.
const LEFT: usize = 20;

/// Asks the terminal and tells.
pub fn run(args: &DoctorArgs) -> u8 {
    // The report may go into a file: the terminal is where the keys come from.
    if !io::stdin().is_terminal() {
        complain("there is no terminal to ask: the standard input of `repore doctor` is none");
        return WRONG_USAGE;
    }
    let terminal = match Terminal::ask(args.screen.preview) {
        Ok(terminal) => terminal,
        Err(error) => {
            complain(format!("the terminal cannot be asked: {error}"));
            return WRONG_USAGE;
        }
    };
    let report = terminal.report(args.screen.link);
    print(&if args.json {
        format!("{}\n", json_of(&report))
    } else {
        text_of(&report)
    })
}

fn text_of(report: &Report) -> String {
    let mut out = String::from("Environment\n");
    let mut unset = Vec::new();
    for (name, value) in &report.environment {
        match value {
            Some(value) => row(&mut out, name, value),
            None => unset.push(*name),
        }
    }
    row(&mut out, "not set", &unset.join(", "));
    out.push_str("\nAsked and answered\n");
    for it in &report.asked {
        row(&mut out, it.about, &it.sent);
        row(&mut out, "", it.answer.as_deref().unwrap_or("no answer"));
    }
    if report.asked.is_empty() {
        row(&mut out, "nothing", "");
    }
    out.push_str("\nChosen\n");
    for it in &report.chosen {
        let why = if it.why.is_empty() { "" } else { ": " };
        row(&mut out, it.what, &format!("{}{why}{}", it.value, it.why));
    }
    out.push_str("\nIf that is not what you want\n");
    for it in &report.advice {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {it}");
    }
    out
}

fn row(out: &mut String, left: &str, right: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  {left:LEFT$}  {right}");
}

fn json_of(report: &Report) -> Json {
    let environment = report.environment.iter();
    let environment = environment.map(|(name, value)| (name.to_string(), json!(value)));
    let asked = report
        .asked
        .iter()
        .map(|it| json!({ "about": it.about, "sent": it.sent, "answer": it.answer }));
    let chosen = report.chosen.iter().map(|it| {
        let key = it.what.replace(' ', "_");
        (key, json!({ "value": it.value, "why": it.why }))
    });
    json!({
        "environment": environment.collect::<Map<_, _>>(),
        "asked": asked.collect::<Vec<_>>(),
        "chosen": chosen.collect::<Map<_, _>>(),
        "advice": report.advice,
    })
}
