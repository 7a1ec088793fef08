//! The Web IDL conversions that the options need, from JSON values.
//!
//! Source: Web IDL §3.2, "JavaScript type mapping"; ECMAScript `ToString`, `ToNumber`, `ToBoolean`.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::OptionsError;
use crate::{DomException, base64url, json};

/// The first text that is not base64url. It counts only once the whole dictionary has been converted: to Web IDL it is
/// a string like any other.
pub(super) type NotBase64Url = RefCell<Option<OptionsError>>;

/// A value and where it stands.
pub(super) struct Member<'a> {
    value: &'a Value,
    path: String,
    not_base64url: &'a NotBase64Url,
}

impl<'a> Member<'a> {
    pub(super) fn new(value: &'a Value, path: String, not_base64url: &'a NotBase64Url) -> Self {
        Self { value, path, not_base64url }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn type_error(&self, reason: impl Into<String>) -> OptionsError {
        OptionsError { name: DomException::TypeError, member: self.path.clone(), reason: reason.into() }
    }

    fn not_a(&self, wanted: &str) -> OptionsError {
        self.type_error(format!("must be {wanted}, not {}", json::kind(self.value)))
    }

    /// A dictionary; `null` is one without members.
    pub(super) fn dictionary(self) -> Result<Dictionary<'a>, OptionsError> {
        let members = match self.value {
            Value::Object(members) => Some(members),
            Value::Null => None,
            _ => return Err(self.not_a("an object")),
        };
        Ok(Dictionary { members, path: self.path, not_base64url: self.not_base64url })
    }

    /// A sequence.
    pub(super) fn sequence(self) -> Result<impl Iterator<Item = Member<'a>>, OptionsError> {
        let Value::Array(items) = self.value else { return Err(self.not_a("a list")) };
        let Self { path, not_base64url, .. } = self;
        let item = move |(at, value)| Member::new(value, format!("{path}[{at}]"), not_base64url);
        Ok(items.iter().enumerate().map(item))
    }

    /// `record<DOMString, …>`.
    pub(super) fn record(self) -> Result<impl Iterator<Item = (String, Member<'a>)>, OptionsError> {
        let Value::Object(members) = self.value else { return Err(self.not_a("an object")) };
        let Self { path, not_base64url, .. } = self;
        let entry = move |(key, value): (&String, &'a Value)| {
            (key.clone(), Member::new(value, format!("{path}.{key}"), not_base64url))
        };
        Ok(members.iter().map(entry))
    }

    /// `DOMString`: numbers, booleans and `null` become text.
    pub(super) fn dom_string(&self) -> Result<String, OptionsError> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(value) => Ok(value.to_string()),
            Value::Null => Ok("null".to_owned()),
            Value::Array(_) | Value::Object(_) => Err(self.not_a("a string")),
        }
    }

    /// `Base64URLString`, decoded; empty, and noted, if it is none.
    pub(super) fn base64url(&self) -> Result<Vec<u8>, OptionsError> {
        Ok(base64url::decode(&self.dom_string()?).unwrap_or_else(|reason| {
            self.not_base64url.borrow_mut().get_or_insert_with(|| OptionsError {
                name: DomException::EncodingError,
                member: self.path.clone(),
                reason,
            });
            Vec::new()
        }))
    }

    /// `boolean`: everything but `false`, `null`, `0` and `""` is true.
    pub(super) fn boolean(&self) -> bool {
        match self.value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(_) | Value::Object(_) => true,
        }
    }

    /// `long`: modulo 2^32, from -2^31.
    pub(super) fn long(&self) -> Result<i32, OptionsError> {
        Ok(self.unsigned_long()?.cast_signed())
    }

    /// `unsigned long`: modulo 2^32. What is no number is 0.
    pub(super) fn unsigned_long(&self) -> Result<u32, OptionsError> {
        let number = match self.value {
            Value::Null => 0.0,
            Value::Bool(value) => f64::from(u8::from(*value)),
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            Value::String(text) => to_number(text),
            Value::Array(_) | Value::Object(_) => return Err(self.not_a("a number")),
        };
        Ok(if number.is_finite() { modulo_2_32(number) } else { 0 })
    }
}

/// ECMAScript `StringToNumber`, without the binary, octal and hexadecimal forms.
fn to_number(text: &str) -> f64 {
    match text.trim() {
        "" => 0.0,
        text => text.parse().unwrap_or(f64::NAN),
    }
}

/// The integer part of a finite number, modulo 2^32.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is in 0..2^32 by then"
)]
fn modulo_2_32(number: f64) -> u32 {
    number.trunc().rem_euclid(4_294_967_296.0) as u32
}

/// A dictionary and where it stands.
pub(super) struct Dictionary<'a> {
    members: Option<&'a Map<String, Value>>,
    path: String,
    not_base64url: &'a NotBase64Url,
}

impl<'a> Dictionary<'a> {
    /// A member that may be absent.
    pub(super) fn optional(&self, name: &str) -> Option<Member<'a>> {
        let value = self.members?.get(name)?;
        Some(Member::new(value, self.path_of(name), self.not_base64url))
    }

    /// A member that may not.
    pub(super) fn required(&self, name: &str) -> Result<Member<'a>, OptionsError> {
        self.optional(name).ok_or_else(|| OptionsError {
            name: DomException::TypeError,
            member: self.path_of(name),
            reason: "is missing".to_owned(),
        })
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_convert_as_in_web_idl() {
        for (value, text, long, boolean) in [
            (json!(-7), "-7", -7, true),
            (json!("-257"), "-257", -257, true),
            (json!(" 12.9 "), " 12.9 ", 12, true),
            (json!(4_294_967_289_u32), "4294967289", -7, true),
            (json!("ES256"), "ES256", 0, true),
            (json!("Infinity"), "Infinity", 0, true),
            (json!(""), "", 0, false),
            (json!(null), "null", 0, false),
            (json!(true), "true", 1, true),
            (json!(0), "0", 0, false),
        ] {
            let not_base64url = NotBase64Url::default();
            let member = Member::new(&value, String::new(), &not_base64url);
            assert_eq!(member.dom_string().as_deref(), Ok(text), "{value}");
            assert_eq!(member.long(), Ok(long), "{value}");
            assert_eq!(member.boolean(), boolean, "{value}");
        }
    }
}
