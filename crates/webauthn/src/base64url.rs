//! base64url without padding, as `Base64URLString` has it.

use std::{fmt, sync::LazyLock};

use data_encoding::{BASE64URL_NOPAD, DecodeKind, Encoding, Specification};

/// Encodes without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Shows bytes as [`encode`] encodes them.
pub(crate) fn display(bytes: &[u8]) -> impl fmt::Display {
    static ENCODING: Encoding = BASE64URL_NOPAD;
    ENCODING.encode_display(bytes)
}

/// Decodes text without padding; superfluous bits in the last character are dropped, as browsers do.
///
/// # Errors
///
/// What is wrong with the text, as words that follow its name.
///
/// Source: WebAuthn Level 3 §5.1, `Base64URLString`; §5.1.9, "if the value is not validly encoded, EncodingError".
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    LENIENT_BITS.decode(text.as_bytes()).map_err(|error| {
        if text.ends_with('=') {
            return "carries padding (`=`); base64url has none here".to_owned();
        }
        match (error.kind, text.chars().find(|c| !is_base64url(*c))) {
            (_, Some(c)) => format!("has the character {c:?}, which base64url does not have"),
            (DecodeKind::Length, None) => {
                format!("is cut off: base64url never has {} characters", text.len())
            }
            _ => format!("is not base64url: {error}"),
        }
    })
}

fn is_base64url(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

static LENIENT_BITS: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification: Specification = BASE64URL_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.encoding().expect("the alphabet of base64url is valid")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for bytes in [&b""[..], b"\xfb", b"\xfb\xff", b"\xfb\xff\xbf", b"Ada Lovelace"] {
            assert_eq!(decode(&encode(bytes)).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, want) in [
            ("AA==", "padding"),
            ("AA=", "padding"),
            ("A=A", "'='"),
            ("+AAA", "'+'"),
            ("A/AA", "'/'"),
            ("AA AA", "' '"),
            ("AAAAA", "5 characters"),
            ("äöü", "'ä'"),
        ] {
            let reason = decode(text).expect_err(text);
            assert!(reason.contains(want), "{text}: {reason}");
        }
    }

    #[test]
    fn superfluous_bits_are_dropped() {
        assert_eq!(decode("AB").as_deref(), Ok(&[0][..]));
    }
}
