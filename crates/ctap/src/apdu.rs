//! Command APDUs of ISO 7816-4, as U2F and NFC use them.

use std::fmt;

/// A status word: the last two bytes of every response.
///
/// Source: ISO 7816-4 §5.6; CTAP 2.3 §11.3.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// `9000`.
    pub const OK: Self = Self(0x9000);
    /// `9100`: a CTAP request is still under way.
    pub const UNDER_WAY: Self = Self(0x9100);
    /// `6700`: wrong length.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// `6985`: conditions of use not satisfied; in U2F: a test of user presence is required.
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    /// `6986`: command not allowed.
    pub const COMMAND_NOT_ALLOWED: Self = Self(0x6986);
    /// `6A80`: wrong data; in U2F: a bad key handle.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// `6A82`: no such application.
    pub const NOT_FOUND: Self = Self(0x6A82);
    /// `6A86`: wrong P1 or P2.
    pub const WRONG_PARAMETERS: Self = Self(0x6A86);
    /// `6D00`: unknown instruction.
    pub const UNKNOWN_INSTRUCTION: Self = Self(0x6D00);
    /// `6E00`: unknown class.
    pub const UNKNOWN_CLASS: Self = Self(0x6E00);
    /// `6F00`: no precise diagnosis.
    pub const OTHER: Self = Self(0x6F00);

    /// `61xx`: so many more bytes can be had, 256 or more as 0.
    pub(crate) fn more(bytes: usize) -> Self {
        Self(0x6100 | u16::from(u8::try_from(bytes).unwrap_or(0)))
    }

    /// `data` with this status word behind it.
    pub(crate) fn after(self, mut data: Vec<u8>) -> Vec<u8> {
        data.extend_from_slice(&self.0.to_be_bytes());
        data
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusWord({:04X})", self.0)
    }
}

/// A command APDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apdu<'a> {
    /// The class.
    pub cla: u8,
    /// The instruction.
    pub ins: u8,
    /// The first parameter.
    pub p1: u8,
    /// The second parameter.
    pub p2: u8,
    /// The command's data.
    pub data: &'a [u8],
    /// The most bytes that the response may have, 65,536 where the command leaves it open.
    pub le: Option<usize>,
    /// Whether lengths take two bytes.
    pub extended: bool,
}

impl<'a> Apdu<'a> {
    /// Reads a command in any of the seven forms of ISO 7816-4.
    ///
    /// # Errors
    ///
    /// [`StatusWord::WRONG_LENGTH`] if the lengths do not fit the bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, StatusWord> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk().ok_or(StatusWord::WRONG_LENGTH)?;
        let (data, le, extended): (&[u8], _, _) = match body {
            [] => (&[], None, false),
            [le] => (&[], Some(short_le(*le)), false),
            [0, high, low] => (&[], Some(extended_le([*high, *low])), true),
            [0, high, low, rest @ ..] => {
                let (data, le) = split(rest, usize::from(u16::from_be_bytes([*high, *low])))?;
                match le {
                    [] => (data, None, true),
                    [high, low] => (data, Some(extended_le([*high, *low])), true),
                    _ => return Err(StatusWord::WRONG_LENGTH),
                }
            }
            [0, ..] => return Err(StatusWord::WRONG_LENGTH),
            [lc, rest @ ..] => {
                let (data, le) = split(rest, usize::from(*lc))?;
                match le {
                    [] => (data, None, false),
                    [le] => (data, Some(short_le(*le)), false),
                    _ => return Err(StatusWord::WRONG_LENGTH),
                }
            }
        };
        Ok(Self { cla, ins, p1, p2, data, le, extended })
    }
}

fn split(rest: &[u8], len: usize) -> Result<(&[u8], &[u8]), StatusWord> {
    rest.split_at_checked(len).ok_or(StatusWord::WRONG_LENGTH)
}

fn short_le(le: u8) -> usize {
    if le == 0 { 256 } else { le.into() }
}

fn extended_le(le: [u8; 2]) -> usize {
    match u16::from_be_bytes(le) {
        0 => 65_536,
        le => le.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seven_forms() {
        let apdu =
            |data: &'static [u8], le, extended| Ok(Apdu { cla: 0, ins: 1, p1: 2, p2: 3, data, le, extended });
        let wrong = Err(StatusWord::WRONG_LENGTH);
        for (name, body, want) in [
            ("1", &[][..], apdu(&[], None, false)),
            ("2 short", &[5], apdu(&[], Some(5), false)),
            ("2 short, open", &[0], apdu(&[], Some(256), false)),
            ("3 short", &[2, 7, 8], apdu(&[7, 8], None, false)),
            ("4 short", &[2, 7, 8, 0], apdu(&[7, 8], Some(256), false)),
            ("2 extended", &[0, 1, 2], apdu(&[], Some(258), true)),
            ("2 extended, open", &[0, 0, 0], apdu(&[], Some(65_536), true)),
            ("3 extended", &[0, 0, 2, 7, 8], apdu(&[7, 8], None, true)),
            ("3 extended without data", &[0, 0, 0, 1, 0], apdu(&[], Some(256), true)),
            ("4 extended", &[0, 0, 2, 7, 8, 0, 0], apdu(&[7, 8], Some(65_536), true)),
            ("data cut off", &[3, 7, 8], wrong),
            ("surplus", &[1, 7, 0, 0], wrong),
            ("neither short nor extended", &[0, 1], wrong),
            ("extended data cut off", &[0, 0, 3, 7], wrong),
            ("half an extended Le", &[0, 0, 1, 7, 0], wrong),
        ] {
            let bytes = [&[0, 1, 2, 3], body].concat();
            assert_eq!(Apdu::parse(&bytes), want, "{name}");
        }
        for head in [&[][..], &[0], &[0, 1], &[0, 1, 2]] {
            assert_eq!(Apdu::parse(head), wrong, "{head:?}");
        }
    }
}
