//! Speed: what single operations cost (divan), then ratios of costs, each with the bound it has to keep.
//!
//! The two sides of a ratio run in turns in this process, and the ratio is the median over the turns, so that it holds
//! on a busy machine too. The process fails if a bound is missed. With a filter, as `-- assertion`, only the costs of
//! what fits are shown.
#![forbid(unsafe_code)]
// A measurement that cannot be made is a fault of the measurement.
#![allow(clippy::indexing_slicing, reason = "all lengths are constants of this file")]

mod costs;
mod measure;
mod ours;
mod ratios;
mod theirs;
mod udp;

use std::process::ExitCode;

fn main() -> ExitCode {
    divan::main();
    if std::env::args().skip(1).any(|argument| argument != "--bench") {
        return ExitCode::SUCCESS;
    }
    let ratios = ratios::all();
    println!("\n{}", ratios::table(&ratios));
    if ratios.iter().all(ratios::Ratio::is_kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
