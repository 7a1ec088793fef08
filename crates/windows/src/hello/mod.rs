//! Windows Hello on a device: its PIN, its lockout and its biometrics.

mod gestures;
mod lockout;
mod pin_policy;

pub use gestures::Gestures;
pub use lockout::{Lockout, Turn};
pub use pin_policy::{Characters, PinPolicy, PinRefused};
