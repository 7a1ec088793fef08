//! Speed of the HTTP API: sign-ins a second with ES256 and sled over connections that are kept, beside the smallest handler
//! of the same framework that makes the same signature; latencies at 1, 16 and 256 connections; memory.
//!
//! Both servers and their client run in turns in this process, and the ratio is the median over the turns, so that it
//! holds on a busy machine too. The process fails if a bound is missed.
#![forbid(unsafe_code)]
// A measurement that cannot be made is a fault of the measurement.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot be made is a fault of the measurement"
)]

mod client;
mod servers;

use std::{process::ExitCode, time::Duration};

use client::Load;

/// How long latencies are measured.
const LONG: Duration = Duration::from_secs(3);
/// How long one turn takes: short, so that what else the machine does meets both servers.
const TURN: Duration = Duration::from_millis(400);
const TURNS: usize = 31;
/// How many times the smallest handler's rate ours has to be.
const RATIO: f64 = 0.7;
/// Sign-ins a second, on two cores that the client shares.
const RATE: f64 = 3000.0;

fn main() -> ExitCode {
    if std::env::args().skip(1).any(|argument| argument != "--bench") {
        return ExitCode::SUCCESS;
    }
    let ours = servers::ours();
    let smallest = servers::smallest();
    println!(
        "{:<12} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "connections", "requests/s", "p50 µs", "p90", "p99", "max", "RSS MiB"
    );
    let mut best: f64 = 0.0;
    for connections in [1, 16, 256] {
        let measured = Load { connections, duration: LONG }.run(&ours);
        best = best.max(measured.rate());
        let at = |permille| measured.within(permille).as_micros();
        println!(
            "{connections:<12} {:>11.0} {:>9} {:>9} {:>9} {:>9} {:>9.1}",
            measured.rate(),
            at(500),
            at(900),
            at(990),
            at(1000),
            rss_mib()
        );
    }
    let load = Load { connections: 16, duration: TURN };
    let mut ratios: Vec<f64> = (0..TURNS)
        .map(|turn| {
            // Neither has the better place.
            let (first, second) = if turn % 2 == 0 { (&ours, &smallest) } else { (&smallest, &ours) };
            let (first, second) = (load.run(first).rate(), load.run(second).rate());
            if turn % 2 == 0 { first / second } else { second / first }
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[TURNS / 2];
    let smallest = load.run(&smallest).rate();
    println!("\nthe smallest handler with the same signature: {smallest:.0} requests/s at 16 connections");
    println!("get, HTTP, keep-alive, beside it: {ratio:.2} times (bound: at least {RATIO})");
    println!("get, HTTP, keep-alive, ES256, sled: {best:.0} a second (bound: at least {RATE:.0})");
    if ratio >= RATIO && best >= RATE { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What this process keeps in memory, the client included; 0 where the system does not say.
fn rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
