//! `repore man`: one page with all commands.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::args::Args;

/// What the page says beside the flags.
const EXIT_STATUS: &str = ".SH \"EXIT STATUS\"
0 all done; 1 some pictures failed, the rest are done; 2 wrong usage or recipe, nothing done; 130 interrupted, no
half\\-written file left.
";

/// Prints the manual page.
pub fn run() -> u8 {
    match page() {
        Ok(page) => super::print(&page),
        Err(error) => {
            super::complain(error);
            super::SOME_FAILED
        }
    }
}

fn page() -> io::Result<String> {
    let mut program = Args::command();
    program.build();
    let mut out = Vec::new();
    let man = Man::new(program.clone());
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    write_below(&program, &mut out)?;
    out.extend_from_slice(EXIT_STATUS.as_bytes());
    man.render_version_section(&mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// A section for each command below another one. What clap makes a page of its own of would be sections beside it.
fn write_below(command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let shown = |it: &&Command| !it.is_hide_set() && it.get_name() != "help";
    for below in command.get_subcommands().filter(shown) {
        let name = below.get_bin_name().unwrap_or(below.get_name());
        let man = Man::new(below.clone());
        let mut parts = Vec::new();
        man.render_description_section(&mut parts)?;
        man.render_synopsis_section(&mut parts)?;
        man.render_options_section(&mut parts)?;
        let parts = String::from_utf8_lossy(&parts);
        let parts = parts
            .replace(".SH DESCRIPTION\n", "")
            .replace(".SH ", ".SS ");
        write!(out, ".SH \"{}\"\n{parts}", name.to_uppercase())?;
        write_below(below, out)?;
    }
    Ok(())
}
