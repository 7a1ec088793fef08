//! The creation options that a tenant gives, and what its page makes of them.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{conflict::ENTRA_RP_ID, rp::Registration};

/// Two documents show different creation options. One is the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CreationOptionsShape {
    /// As a reply of Microsoft Graph was recorded: `rp.id` is login.microsoft.com, ES256 before RS256, attestation `direct`,
    /// ids of `excludeCredentials` in padded standard base64.
    ///
    /// The recorded reply was for a security key and says `cross-platform`; what the interactive page says is not known, and
    /// it has to leave Windows Hello in, so that no attachment is asked for here.
    #[default]
    Recorded,
    /// As the example in the reference of Microsoft Graph v1.0: login.microsoftonline.com, ES256 alone, `platform`, ids in
    /// base64url.
    V1Example,
}

impl CreationOptionsShape {
    /// The RP ID.
    pub fn rp_id(self) -> &'static str {
        match self {
            Self::Recorded => ENTRA_RP_ID,
            Self::V1Example => "login.microsoftonline.com",
        }
    }

    /// What the relying party's library is asked to accept.
    pub(crate) fn registration(self) -> Registration<'static> {
        match self {
            Self::Recorded => Registration { algorithms: &[-7, -257], attestation: "direct" },
            Self::V1Example => Registration { algorithms: &[-7], attestation: "direct" },
        }
    }

    /// The tenant's reply: the library's challenge and user in the shape that is known.
    pub(crate) fn reply(self, library: &str, exclude: &[Vec<u8>]) -> Value {
        let mut reply: Map<String, Value> = serde_json::from_str(library).unwrap_or_default();
        let encode = |id: &Vec<u8>| match self {
            Self::Recorded => BASE64.encode(id),
            Self::V1Example => BASE64URL_NOPAD.encode(id),
        };
        let excluded =
            exclude.iter().map(|id| json!({ "type": "public-key", "id": encode(id), "transports": [] }));
        let selection = match self {
            Self::Recorded => json!({ "requireResidentKey": true, "userVerification": "required" }),
            Self::V1Example => json!({
                "authenticatorAttachment": "platform",
                "requireResidentKey": true,
                "userVerification": "required",
            }),
        };
        reply.insert("timeout".to_owned(), 60_000.into());
        reply.insert("excludeCredentials".to_owned(), excluded.collect());
        reply.insert("authenticatorSelection".to_owned(), selection);
        reply.insert(
            "extensions".to_owned(),
            json!({
                "hmacCreateSecret": true,
                "enforceCredentialProtectionPolicy": true,
                "credentialProtectionPolicy": "userVerificationOptional",
            }),
        );
        Value::Object(reply)
    }
}

/// What the page hands to the browser: ids in base64url, whichever base64 they came in.
pub(crate) fn for_browser(mut reply: Value) -> String {
    let excluded = reply.get_mut("excludeCredentials").and_then(Value::as_array_mut);
    for descriptor in excluded.into_iter().flatten() {
        if let Some(id) = descriptor.get("id").and_then(Value::as_str)
            && let Ok(bytes) = BASE64.decode(id.as_bytes())
        {
            descriptor["id"] = BASE64URL_NOPAD.encode(&bytes).into();
        }
    }
    reply.to_string()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_reach_the_browser_in_base64url() {
        let library = json!({ "challenge": "AAAA", "rp": { "id": "x" } }).to_string();
        let id = vec![0xFB; 32];
        for (shape, written) in [
            (CreationOptionsShape::Recorded, BASE64.encode(&id)),
            (CreationOptionsShape::V1Example, BASE64URL_NOPAD.encode(&id)),
        ] {
            let reply = shape.reply(&library, std::slice::from_ref(&id));
            assert_eq!(reply["excludeCredentials"][0]["id"], written);
            assert_eq!(reply["challenge"], "AAAA", "the library's");
            let page: Value = serde_json::from_str(&for_browser(reply)).unwrap_or_default();
            assert_eq!(page["excludeCredentials"][0]["id"], BASE64URL_NOPAD.encode(&id), "{shape:?}");
        }
    }
}
