//! The time that a device believes in.

use jiff::Timestamp as Instant;
use softhello_ctap::Timestamp;

/// The time that a device believes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The computer's.
    #[default]
    System,
    /// Always the same.
    Fixed(Timestamp),
}

impl Clock {
    /// The time now, in milliseconds since 1970; times before count as 1970.
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp(u64::try_from(Instant::now().as_millisecond()).unwrap_or(0)),
            Self::Fixed(time) => time,
        }
    }
}
