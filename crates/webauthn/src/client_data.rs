//! Client data and its exact bytes.
//!
//! Source: WebAuthn Level 3 §5.8.1.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::base64url;

/// Which ceremony client data belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ceremony {
    Create,
    Get,
}

/// `CollectedClientData`.
pub(crate) struct ClientData<'a> {
    pub(crate) ceremony: Ceremony,
    pub(crate) challenge: &'a [u8],
    /// ASCII serialization of the caller's origin.
    pub(crate) origin: &'a str,
    pub(crate) cross_origin: bool,
    /// ASCII serialization; left out of the bytes unless `cross_origin`.
    pub(crate) top_origin: Option<&'a str>,
    /// Members that the specification does not name (yet), in this order.
    pub(crate) further: &'a [(String, Value)],
}

impl ClientData<'_> {
    /// The JSON-compatible serialization.
    ///
    /// Source: WebAuthn Level 3 §5.8.1.1, "serialization".
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::from(r#"{"type":"#);
        push_string(
            &mut out,
            match self.ceremony {
                Ceremony::Create => "webauthn.create",
                Ceremony::Get => "webauthn.get",
            },
        );
        out.push_str(r#","challenge":"#);
        push_string(&mut out, &base64url::encode(self.challenge));
        out.push_str(r#","origin":"#);
        push_string(&mut out, self.origin);
        out.push_str(r#","crossOrigin":"#);
        out.push_str(if self.cross_origin { "true" } else { "false" });
        if let Some(top_origin) = self.top_origin.filter(|_| self.cross_origin) {
            out.push_str(r#","topOrigin":"#);
            push_string(&mut out, top_origin);
        }
        for (name, value) in self.further.iter().filter(|(name, _)| !OWN_MEMBERS.contains(&name.as_str())) {
            // These are serialized as `JSON.stringify` does, not by the rules for the members above.
            out.push_str(&format!(",{}:{value}", Value::from(name.as_str())));
        }
        out.push('}');
        out
    }
}

/// The hash of the serialized client data.
pub(crate) fn hash(client_data_json: &str) -> [u8; 32] {
    Sha256::digest(client_data_json.as_bytes()).into()
}

/// What the serialization writes by itself; removed from the further members.
const OWN_MEMBERS: [&str; 5] = ["type", "challenge", "origin", "crossOrigin", "topOrigin"];

/// Source: WebAuthn Level 3 §5.8.1.1, `CCDToString`: the quotation mark and the reverse solidus take a reverse
/// solidus before them, what is below U+0020 becomes `\u` and four lower-case hexadecimal digits, all else is UTF-8.
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..'\u{20}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data<'a>(further: &'a [(String, Value)], top_origin: Option<&'a str>) -> ClientData<'a> {
        ClientData {
            ceremony: Ceremony::Get,
            challenge: &[0, 0xff],
            origin: "https://example.org",
            cross_origin: top_origin.is_some(),
            top_origin,
            further,
        }
    }

    #[test]
    fn members_stand_in_the_order_of_the_specification() {
        let further = [
            ("type".to_owned(), Value::from("payment.get")),
            ("b\"\n".to_owned(), Value::from(vec![1])),
            ("a".to_owned(), Value::from("ä\u{1f}")),
        ];
        insta::assert_snapshot!(
            data(&further, Some("https://top.example")).to_json(),
            @r#"{"type":"webauthn.get","challenge":"AP8","origin":"https://example.org","crossOrigin":true,"topOrigin":"https://top.example","b\"\n":[1],"a":"ä\u001f"}"#
        );
    }

    #[test]
    fn top_origin_needs_cross_origin() {
        let data = ClientData { cross_origin: false, ..data(&[], Some("https://top.example")) };
        assert!(!data.to_json().contains("topOrigin"));
    }

    #[test]
    fn strings_are_escaped_as_the_specification_says() {
        let mut out = String::new();
        push_string(&mut out, "\u{0}\u{8}\t\u{1f} !\"#[\\]\u{7f}é𝄞\u{2028}");
        assert_eq!(out, "\"\\u0000\\u0008\\u0009\\u001f !\\\"#[\\\\]\u{7f}é𝄞\u{2028}\"");
    }
}
