//! Numbers handed out from memory that no crash makes repeat.

/// A range of numbers that this process may hand out. Durably, only the ceiling is known: after a crash the numbers go
/// on behind it.
///
/// Ranges start at one number, so that a process that signs once wastes nothing even if it is killed, and double, so
/// that one that signs often seldom writes. The first one is leased with the credential
/// ([`Change::LeaseFirstCount`](crate::Change::LeaseFirstCount)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The last number that was handed out.
    pub(crate) last: u64,
    /// The last number that may be.
    pub(crate) ceiling: u64,
    /// How many to lease next.
    range: u64,
}

impl Lease {
    const LONGEST_RANGE: u64 = 1024;

    /// Nothing is leased; the numbers go on after `last`.
    pub(crate) fn after(last: u64) -> Self {
        Self { last, ceiling: last, range: 1 }
    }

    /// The next number, if one is left.
    pub(crate) fn take(&mut self) -> Option<u64> {
        if self.last >= self.ceiling {
            return None;
        }
        self.last += 1;
        Some(self.last)
    }

    /// How many numbers the next range has.
    pub(crate) fn range(&self) -> u64 {
        self.range
    }

    /// Numbers up to `ceiling` are durably leased now.
    pub(crate) fn extend(&mut self, ceiling: u64) {
        self.ceiling = self.ceiling.max(ceiling);
        self.range = (self.range * 2).min(Self::LONGEST_RANGE);
    }
}

/// Attempts at user verification: the opposite of a counter, so durably a floor is known.
///
/// A ceremony takes one attempt away before it asks (so that pulling the plug does not give it back) and returns it on
/// success. Were each a durable write, every sign-in would cost two. So an attempt is leased: durably the container
/// has one fewer than it really has, a success returns the attempt in memory only, and after a crash there is one
/// attempt fewer, never one more. A failed attempt goes below the floor and is written before it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retries {
    /// What is durable. Never more than `live`.
    pub(crate) durable: u8,
    /// What is true.
    pub(crate) live: u8,
}

impl Retries {
    /// What has to be written before `live` may be true, if anything.
    pub(crate) fn to_write(durable: u8, live: u8) -> Option<u8> {
        if live < durable {
            Some(live)
        } else if live > durable.saturating_add(1) {
            Some(live - 1)
        } else {
            None
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn ranges_double_up_to_1024() {
        let mut lease = Lease::after(0);
        let mut ranges = Vec::new();
        for want in 1..=5000 {
            if lease.last == lease.ceiling {
                ranges.push(lease.range());
                lease.extend(lease.last + lease.range());
            }
            assert_eq!(lease.take().unwrap(), want);
        }
        assert_eq!(ranges, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024, 1024]);
    }

    #[test]
    fn the_floor_is_never_above_the_truth_and_steady_successes_write_nothing() {
        for (durable, live, want) in [
            (3, 3, None),    // nothing happened
            (3, 2, Some(2)), // the first attempt
            (2, 3, None),    // it succeeded
            (2, 2, None),    // the second attempt, which writes nothing
            (2, 1, Some(1)), // a third one after a failure
            (1, 3, Some(2)), // it succeeded: one attempt stays leased
            (0, 1, None),
            (255, 255, None),
        ] {
            assert_eq!(Retries::to_write(durable, live), want, "{durable} {live}");
            assert!(want.unwrap_or(durable) <= live);
        }
    }
}
