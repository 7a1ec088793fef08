//! Related origins: other origins that an RP ID's own site lets use it.
//!
//! Source: WebAuthn Level 3 §5.11.

use serde_json::Value;

use crate::{Origin, json};

/// Fetches `https://{rp_id}/.well-known/webauthn`; the client itself reaches no network.
///
/// A fetcher sends no credentials and no referrer and follows redirects to https alone. The client's future waits while
/// it runs.
///
/// Source: WebAuthn Level 3 §5.11.1 steps 1 to 3.
pub trait RelatedOrigins: Send + Sync {
    /// What the server finally answered.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if there was no answer.
    fn fetch(&self, rp_id: &str) -> Result<Fetched, FetchError>;
}

/// A server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status of the last answer.
    pub status: u16,
    /// The value of its `Content-Type`, as `application/json; charset=utf-8`.
    pub content_type: String,
    /// Its body; of more than [`MAX_JSON`](crate::MAX_JSON) bytes none is read.
    pub body: Vec<u8>,
}

/// Why there was no answer, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchError(pub String);

/// The text of a `.well-known/webauthn` file at hand, which answers for every RP ID.
#[derive(Clone, Debug)]
pub struct RelatedOriginsFile {
    text: String,
}

impl RelatedOriginsFile {
    /// The text is checked when a ceremony needs it, as a browser would.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

impl RelatedOrigins for RelatedOriginsFile {
    fn fetch(&self, _rp_id: &str) -> Result<Fetched, FetchError> {
        Ok(Fetched {
            status: 200,
            content_type: "application/json".to_owned(),
            body: self.text.clone().into_bytes(),
        })
    }
}

/// Whether the site of `rp_id` names `caller` among its related origins.
///
/// # Errors
///
/// Why not, for people.
///
/// Source: WebAuthn Level 3 §5.11.1, "related origins validation procedure".
pub(crate) fn validate(related: &dyn RelatedOrigins, caller: &Origin, rp_id: &str) -> Result<(), String> {
    let url = format!("https://{rp_id}/.well-known/webauthn");
    let fetched = related.fetch(rp_id).map_err(|error| format!("`{url}` could not be fetched: {error}"))?;
    let origins = origins(&fetched).map_err(|reason| format!("`{url}` {reason}"))?;
    let mut labels_seen = Vec::new();
    let mut too_many = false;
    for item in &origins {
        let Ok(url) = url::Url::parse(item) else { continue };
        let Some(label) = url.domain().and_then(registrable_origin_label) else { continue };
        let new = !labels_seen.contains(&label);
        if new && labels_seen.len() >= MAX_LABELS {
            too_many = true;
            continue;
        }
        if url.origin().ascii_serialization() == caller.as_str() {
            return Ok(());
        }
        if new {
            labels_seen.push(label);
        }
    }
    let limit = if too_many { " (only the first 5 labels count)" } else { "" };
    Err(format!("`{url}` does not name `{caller}` among the origins that may use the RP ID `{rp_id}`{limit}"))
}

/// The distinct labels that count; every client supports at least five.
const MAX_LABELS: usize = 5;

fn origins(fetched: &Fetched) -> Result<Vec<String>, String> {
    if fetched.status != 200 {
        return Err(format!("answered with status {}", fetched.status));
    }
    let essence = fetched.content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(format!("has the content type `{essence}`, not `application/json`"));
    }
    let text = str::from_utf8(&fetched.body).map_err(|_| "is not UTF-8".to_owned())?;
    let value = json::parse(text).map_err(|error| error.to_string())?;
    let Value::Object(members) = &value else { return Err("is not a JSON object".to_owned()) };
    let not_strings = || "has no member `origins` that is a list of strings".to_owned();
    let items = members.get("origins").and_then(Value::as_array).ok_or_else(not_strings)?;
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(not_strings)).collect()
}

/// The first label of the registrable domain: the one to the left of the public suffix.
fn registrable_origin_label(domain: &str) -> Option<String> {
    let registrable = psl::domain_str(domain)?;
    registrable.split('.').next().filter(|label| !label.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answer(Result<Fetched, FetchError>);

    impl RelatedOrigins for Answer {
        fn fetch(&self, _: &str) -> Result<Fetched, FetchError> {
            self.0.clone()
        }
    }

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        Answer(Ok(Fetched { status, content_type: content_type.to_owned(), body: body.into() }))
    }

    #[test]
    fn the_file_names_the_caller() {
        let caller = Origin::parse("https://example.co.uk").expect("an origin");
        let seven = r#"{"origins": ["https://a.com", "https://b.com", "https://c.com", "https://x.a.com",
            "https://d.com", "https://e.com", "https://example.co.uk"]}"#;
        let six = r#"{"origins": ["https://a.com", "https://b.com", "https://c.com", "https://x.a.com",
            "https://d.com", "not a URL", "https://10.0.0.1", "https://co.uk", "https://example.co.uk"]}"#;
        let same_label = r#"{"origins": ["https://a.com", "https://b.com", "https://c.com", "https://example.de",
            "https://e.com", "https://f.com", "https://example.co.uk/path"]}"#;
        for (name, answer, want) in [
            ("named", answer(200, "application/json", r#"{"origins": ["https://example.co.uk"]}"#), Ok(())),
            ("with charset", answer(200, "Application/JSON; charset=utf-8", six), Ok(())),
            ("label seen before", answer(200, "application/json", same_label), Ok(())),
            ("sixth label", answer(200, "application/json", seven), Err("5 labels")),
            (
                "other port",
                answer(200, "application/json", r#"{"origins": ["https://example.co.uk:1"]}"#),
                Err("name"),
            ),
            ("none", answer(200, "application/json", r#"{"origins": []}"#), Err("does not name")),
            ("404", answer(404, "application/json", six), Err("status 404")),
            ("html", answer(200, "text/html", six), Err("content type `text/html`")),
            ("not json", answer(200, "application/json", "<html>"), Err("is not JSON")),
            ("list", answer(200, "application/json", "[]"), Err("not a JSON object")),
            ("no member", answer(200, "application/json", "{}"), Err("list of strings")),
            ("numbers", answer(200, "application/json", r#"{"origins": [1]}"#), Err("list of strings")),
            ("no network", Answer(Err(FetchError("no route to host".to_owned()))), Err("no route to host")),
        ] {
            match (validate(&answer, &caller, "example.com"), want) {
                (Ok(()), Ok(())) => {}
                (Err(reason), Err(want)) => assert!(reason.contains(want), "{name}: {reason}"),
                (got, want) => panic!("{name}: {got:?}, not {want:?}"),
            }
        }
    }
}
