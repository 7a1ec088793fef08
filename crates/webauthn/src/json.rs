//! JSON text, bounded, read as `JSON.parse` reads it.

use serde_json::Value;

/// The longest JSON text that is read, in bytes.
pub const MAX_JSON: usize = 1 << 20;

/// Why text was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    #[error("has {0} bytes, more than the {MAX_JSON} that are read")]
    TooLong(usize),
    #[error("is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
}

/// Reads one JSON value. Of members with the same name the last counts. A byte order mark is skipped, as `fetch`
/// does.
///
/// Departs from `JSON.parse`: nesting deeper than 127 levels and lone surrogates in `\u` escapes are refused.
///
/// # Errors
///
/// [`JsonError`] if the text is longer than [`MAX_JSON`] or is no JSON.
pub(crate) fn parse(text: &str) -> Result<Value, JsonError> {
    if text.len() > MAX_JSON {
        return Err(JsonError::TooLong(text.len()));
    }
    Ok(serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))?)
}

/// What kind of JSON value this is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
