//! What Windows asks for after wrong PINs.
//!
//! Source: Windows Hello for Business, frequently asked questions: after three wrong PINs the user types `A1B2C3` and gets
//! one more try; then the device has to be restarted. Repeated, it waits 1 minute after the first restart, 2 after the
//! fourth, 10 after the fifth.

use std::time::Duration;

use softhello_ctap::Timestamp;

/// Wrong PINs since the last right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lockout {
    wrong: u8,
    challenged: bool,
    needs_restart: bool,
    restarts: u8,
    not_before: Option<Timestamp>,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A PIN can be typed.
    Pin,
    /// The text [`Lockout::CHALLENGE`] has to be typed before.
    Challenge,
    /// The device has to be restarted before.
    Restart,
    /// So long has to pass before.
    Wait(Duration),
}

/// Wrong PINs before the challenge.
const BEFORE_CHALLENGE: u8 = 3;

impl Lockout {
    /// What has to be typed, to show that somebody is there.
    pub const CHALLENGE: &'static str = "A1B2C3";

    /// What comes next.
    pub fn turn(self, now: Timestamp) -> Turn {
        if self.needs_restart {
            Turn::Restart
        } else if let Some(left) = self.not_before.and_then(|then| then.0.checked_sub(now.0))
            && left > 0
        {
            Turn::Wait(Duration::from_millis(left))
        } else if self.wrong >= BEFORE_CHALLENGE && !self.challenged {
            Turn::Challenge
        } else {
            Turn::Pin
        }
    }

    /// A PIN was typed, which counts only if it was the turn of one.
    pub fn typed(&mut self, right: bool, now: Timestamp) {
        match (self.turn(now), right) {
            (Turn::Pin, true) => *self = Self::default(),
            (Turn::Pin, false) => {
                self.wrong += 1;
                self.needs_restart = self.challenged;
            }
            _ => {}
        }
    }

    /// The challenge was typed.
    pub fn challenge_typed(&mut self, now: Timestamp) {
        self.challenged |= self.turn(now) == Turn::Challenge;
    }

    /// The device was restarted.
    pub fn restarted(&mut self, now: Timestamp) {
        if !self.needs_restart {
            return;
        }
        self.restarts = self.restarts.saturating_add(1);
        let minutes = match self.restarts {
            1..=3 => 1,
            4 => 2,
            _ => 10,
        };
        (self.needs_restart, self.wrong) = (false, BEFORE_CHALLENGE);
        self.not_before = Some(Timestamp(now.0.saturating_add(minutes * 60_000)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence() {
        let (mut lockout, mut now) = (Lockout::default(), Timestamp(0));
        for _ in 0..3 {
            assert_eq!(lockout.turn(now), Turn::Pin);
            lockout.typed(false, now);
        }
        assert_eq!(lockout.turn(now), Turn::Challenge);
        lockout.typed(true, now);
        assert_eq!(lockout.turn(now), Turn::Challenge, "no PIN before it");
        lockout.challenge_typed(now);
        assert_eq!(lockout.turn(now), Turn::Pin);
        let mut waits = Vec::new();
        for _ in 0..6 {
            lockout.typed(false, now);
            assert_eq!(lockout.turn(now), Turn::Restart);
            lockout.restarted(now);
            let Turn::Wait(wait) = lockout.turn(now) else { panic!("no wait after a restart") };
            lockout.typed(true, now);
            assert_eq!(lockout.turn(now), Turn::Wait(wait), "a PIN that comes too early is not looked at");
            waits.push(wait.as_secs() / 60);
            now.0 += u64::try_from(wait.as_millis()).unwrap_or(0);
            assert_eq!(lockout.turn(now), Turn::Pin);
        }
        assert_eq!(waits, [1, 1, 1, 2, 10, 10]);
        lockout.typed(true, now);
        assert_eq!(lockout, Lockout::default());
    }
}
