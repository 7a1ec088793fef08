//! Which PINs Windows Hello takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy for PINs of Windows Hello (for Business).
///
/// Source: Windows Hello for Business policy settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PinPolicy {
    /// The fewest characters, from 4. A pair of bounds that is not possible leaves both as they are by default.
    pub min: u8,
    /// The most characters, to 127.
    pub max: u8,
    /// Uppercase letters.
    pub uppercase: Characters,
    /// Lowercase letters.
    pub lowercase: Characters,
    /// Special characters.
    pub special: Characters,
    /// Digits.
    pub digits: Characters,
    /// How many earlier PINs cannot be used again; none unless it is said.
    pub history: u8,
    /// After how many days a PIN has to be changed; never unless it is said.
    pub expires_days: u16,
}

/// Whether a kind of character may be in a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Characters {
    /// It may.
    Allowed,
    /// At least one has to be.
    Required,
    /// None may be.
    NotAllowed,
}

/// Why a PIN is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinRefused {
    /// Too short or too long.
    #[error("a PIN has {min} to {max} characters")]
    Length {
        /// At least.
        min: u8,
        /// At most.
        max: u8,
    },
    /// Each digit is the one before plus the same number, as 1234 or 1111.
    #[error("its digits form a pattern, such as 123456 or 111111")]
    Pattern,
    /// A kind of character that is missing or not allowed.
    #[error("{0}")]
    Characters(&'static str),
    /// One of the last PINs.
    #[error("it was used before")]
    Used,
}

impl Default for PinPolicy {
    /// Digits, 6 to 127 of them: the minimum that is in force where no policy says another.
    fn default() -> Self {
        Self {
            min: 6,
            max: 127,
            uppercase: Characters::NotAllowed,
            lowercase: Characters::NotAllowed,
            special: Characters::NotAllowed,
            digits: Characters::Allowed,
            history: 0,
            expires_days: 0,
        }
    }
}

impl PinPolicy {
    /// The bounds in force. Source: policy settings: an invalid pair of minimum and maximum means the default of both.
    fn length(self) -> (u8, u8) {
        let default = Self::default();
        let is_valid = (4..=127).contains(&self.min) && (self.min..=127).contains(&self.max);
        if is_valid { (self.min, self.max) } else { (default.min, default.max) }
    }

    /// Whether Windows Hello takes this PIN.
    ///
    /// # Errors
    ///
    /// [`PinRefused`].
    pub fn check(self, pin: &str) -> Result<(), PinRefused> {
        let (min, max) = self.length();
        if !(usize::from(min)..=usize::from(max)).contains(&pin.chars().count()) {
            return Err(PinRefused::Length { min, max });
        }
        let has = |is: fn(&char) -> bool| pin.chars().any(|c| is(&c));
        for (rule, is_there, missing, forbidden) in [
            (self.digits, has(char::is_ascii_digit), "a digit is required", "digits are not allowed"),
            (
                self.uppercase,
                has(char::is_ascii_uppercase),
                "an uppercase letter is required",
                "uppercase letters are not allowed",
            ),
            (
                self.lowercase,
                has(char::is_ascii_lowercase),
                "a lowercase letter is required",
                "lowercase letters are not allowed",
            ),
            (
                self.special,
                // Whatever is none of the others, letters of other alphabets among them.
                has(|c| !c.is_ascii_alphanumeric()),
                "a special character is required",
                "special characters are not allowed",
            ),
        ] {
            match (rule, is_there) {
                (Characters::Required, false) => return Err(PinRefused::Characters(missing)),
                (Characters::NotAllowed, true) => return Err(PinRefused::Characters(forbidden)),
                _ => {}
            }
        }
        if is_pattern(pin) {
            return Err(PinRefused::Pattern);
        }
        Ok(())
    }
}

/// "A constant delta from one digit to the next", modulo 10: 1111, 1234, 1357, 9630, 1593, 7036; not for PINs with letters.
///
/// Source: Windows Hello for Business, frequently asked questions.
fn is_pattern(pin: &str) -> bool {
    let digits: Option<Vec<u32>> = pin.chars().map(|c| c.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() > 1) else { return false };
    let mut deltas = digits.windows(2).map(|pair| match pair {
        [a, b] => (b + 10 - a) % 10,
        _ => 0,
    });
    let first = deltas.next();
    deltas.all(|delta| Some(delta) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for pin in ["1111", "1234", "1357", "9630", "1593", "7036", "987654", "000000"] {
            assert!(is_pattern(pin), "{pin}");
        }
        for pin in ["1231", "1872", "12a4", "1", ""] {
            assert!(!is_pattern(pin), "{pin}");
        }
    }

    #[test]
    fn policies() {
        let default = PinPolicy::default();
        let letters = PinPolicy { lowercase: Characters::Required, ..default };
        for (name, policy, pin, want) in [
            ("the default", default, "135791", Err(PinRefused::Pattern)),
            ("the default", default, "246813", Ok(())),
            ("too short", default, "1872", Err(PinRefused::Length { min: 6, max: 127 })),
            ("four are enough", PinPolicy { min: 4, max: 8, ..default }, "1872", Ok(())),
            (
                "too long",
                PinPolicy { min: 4, max: 8, ..default },
                "187218721",
                Err(PinRefused::Length { min: 4, max: 8 }),
            ),
            (
                "an invalid pair",
                PinPolicy { min: 9, max: 8, ..default },
                "1872",
                Err(PinRefused::Length { min: 6, max: 127 }),
            ),
            (
                "a minimum of 3",
                PinPolicy { min: 3, max: 8, ..default },
                "1872",
                Err(PinRefused::Length { min: 6, max: 127 }),
            ),
            ("letters", default, "12ab34", Err(PinRefused::Characters("lowercase letters are not allowed"))),
            ("no letter", letters, "246813", Err(PinRefused::Characters("a lowercase letter is required"))),
            ("a pattern with letters", letters, "12345a", Ok(())),
        ] {
            assert_eq!(policy.check(pin), want, "{name}: {pin}");
        }
    }
}
