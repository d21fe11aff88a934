//! `repore man`.

use clap::CommandFactory;

use super::args::Args;

/// Prints the manual page.
pub fn run() -> u8 {
    let mut page = Vec::new();
    match clap_mangen::Man::new(Args::command()).render(&mut page) {
        Ok(()) => super::print(&String::from_utf8_lossy(&page)),
        Err(error) => {
            super::complain(error);
            super::SOME_FAILED
        }
    }
}
