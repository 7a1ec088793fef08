//! Two things in turns.

use std::time::{Duration, Instant};

/// What two sides cost per operation, as medians over all turns.
pub(crate) struct Pair {
    pub(crate) ours: Duration,
    pub(crate) other: Duration,
    /// Median of ours ÷ other.
    pub(crate) quotient: f64,
}

/// Runs two sides in turns. Each tells how long one operation took.
pub(crate) fn in_turns(
    turns: usize,
    mut ours: impl FnMut() -> Duration,
    mut other: impl FnMut() -> Duration,
) -> Pair {
    // Caches, leases and allocators settle.
    ours();
    other();
    let mut pairs = Vec::with_capacity(turns);
    for turn in 0..turns {
        // Whoever goes first in one turn goes second in the next.
        pairs.push(if turn % 2 == 0 {
            let ours = ours();
            (ours, other())
        } else {
            let other = other();
            (ours(), other)
        });
    }
    Pair {
        ours: median(pairs.iter().map(|pair| pair.0)),
        other: median(pairs.iter().map(|pair| pair.1)),
        quotient: median(pairs.iter().map(|(ours, other)| Finite(ours.as_secs_f64() / other.as_secs_f64())))
            .0,
    }
}

/// How long one of these takes.
pub(crate) fn each<T>(items: Vec<T>, mut run: impl FnMut(T)) -> Duration {
    let count = u32::try_from(items.len()).expect("a batch is small");
    let begin = Instant::now();
    items.into_iter().for_each(&mut run);
    begin.elapsed() / count
}

/// How long one of `count` repetitions takes.
pub(crate) fn repeat(count: u32, mut run: impl FnMut()) -> Duration {
    let begin = Instant::now();
    (0..count).for_each(|_| run());
    begin.elapsed() / count
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// A quotient of durations that are not zero.
#[derive(Clone, Copy, PartialEq)]
struct Finite(f64);

impl Eq for Finite {}

impl PartialOrd for Finite {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Finite {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
